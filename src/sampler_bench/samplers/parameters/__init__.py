"""One file a parameter; the file name is the parameter's name."""
