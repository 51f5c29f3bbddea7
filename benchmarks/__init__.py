"""How fast the library is beside PyTorch and beside other NumPy libraries.

    python -m benchmarks                        # every workload, one thread
    python -m benchmarks --quick                # the same in about a minute
    python -m benchmarks --only W5a,W6 --threads 1,2 --peers

Every library runs in a process of its own.  Before anything is timed, losses, gradients and
parameters after two steps are compared with PyTorch's; then the processes take turns, so that a
disturbance of the machine meets all of them.
"""
