-- fibers.exec: as some documents call fibers.io.exec.

return require "fibers.io.exec"
