"""Other libraries at the workloads they can run: autograd, MyGrad, DeZero, JAX.

The models are written once more, as functions of a dictionary of arrays (`functions`), over a kit
of operations that each library fills in.  `build(workload)` gives a job like the others'.
"""
