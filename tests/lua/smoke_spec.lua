local lev = require "lev"

describe("lev.run", function()
  it("returns what the main function returns", function()
    assert.same({ 1, nil, 3, n = 3 }, table.pack(lev.run(function()
      return 1, nil, 3
    end)))
  end)
end)
