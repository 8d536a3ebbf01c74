# What the program says around explanations.

program-made-up-input = The input is made up; --image FILE takes a real one.
program-training = training { $variant } …
program-drew = drew { $path }
