"""Commands in forks of one process that has imported what most of them need.

More than half of the CPU time of a command that trains or watches goes to the import of other
people's packages. What is the project's own is imported by each command itself, from the tree that
it is run in, and each is a process with its own group, environment, folder and exit code. What is
to be killed, interrupted or served is started as users start it, and so has a hash seed of its own:
that, and what else an interpreter or a package reads as it starts, is of that one process.
"""
