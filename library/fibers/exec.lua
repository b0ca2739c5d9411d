---@meta fibers.exec

return require "fibers.io.exec"
