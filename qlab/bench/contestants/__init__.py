"""One file per library; each runs in a worker, where nothing but the library, NumPy and qlab's circuits is needed."""
