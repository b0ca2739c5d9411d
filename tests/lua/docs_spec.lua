-- Every block of Lua in the documents runs, and prints what it says it does.

local documents = { "README.md", "docs/LUA_API.md", "docs/FACES.md",
                    "docs/TESTING.md" }

-- The blocks of a document, each with the line where it begins.
local function blocks(path)
  local found, lines, first, number = {}, nil, nil, 0
  for line in io.lines(path) do
    number = number + 1
    if line == "```lua" then
      lines, first = {}, number
    elseif line == "```" and lines then
      found[#found + 1] = { text = table.concat(lines, "\n"), line = first }
      lines = nil
    elseif lines then
      lines[#lines + 1] = line
    end
  end
  return found
end

local function expected(text)
  local lines = {}
  for line in (text .. "\n"):gmatch("[^\n]*%-%->%s*([^\n]*)\n") do
    lines[#lines + 1] = line
  end
  return lines
end

-- Runs a block, and returns the lines it printed.
local function run(text, name)
  local printed = {}
  local function write(...)
    printed[#printed + 1] = table.concat({ ... })
  end
  local fake_io = setmetatable({ write = write }, { __index = io })
  local function print(...)
    local words = table.pack(...)
    for i = 1, words.n do words[i] = tostring(words[i]) end
    write(table.concat(words, "\t"), "\n")
  end
  local env = setmetatable({ print = print, io = fake_io }, { __index = _G })
  assert(load(text, "=" .. name, "t", env))()
  local lines = {}
  for line in table.concat(printed):gmatch("([^\n]*)\n") do
    lines[#lines + 1] = line
  end
  return lines
end

for _, path in ipairs(documents) do
  describe(path, function()
    local all = blocks(path)

    it("has examples", function() assert.is_true(#all > 0) end)

    for _, block in ipairs(all) do
      local name = ("%s:%d"):format(path, block.line)
      it("prints what it says, in the block at line " .. block.line, function()
        assert.same(expected(block.text), run(block.text, name))
      end)
    end
  end)
end
