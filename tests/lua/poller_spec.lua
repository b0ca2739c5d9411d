-- Which poller a run has. The specs of sockets, processes and signals run over
-- io_uring a second time.

local lev = require "lev"
local net = require "net_support"

-- Prints what two runs come to where io_uring_setup fails with this error.
local function without_io_uring(errno)
  return net.subprocess([[
    local lev = require "lev"
    print(lev.run(print, { poller = "io_uring" }))
    print(lev.run(function() return "epoll works" end))]],
    "tests/support/without_io_uring " .. errno)
end

local function echo_once(poller)
  return lev.run(function()
    local listener <close> = assert(lev.listen("127.0.0.1", 0))
    local _, port = listener:getsockname()
    lev.spawn(function()
      local socket <close> = assert(listener:accept(5))
      assert(socket:send(assert(socket:recv_until("\n", 5))))
    end)
    local socket <close> = assert(lev.connect("127.0.0.1", port, 5))
    assert(socket:send("hello\n"))
    local answer = socket:recv_exactly(6, 5)
    local _, why = socket:recv(1, 5)
    return answer, why
  end, { poller = poller })
end

describe("lev.run's poller", function()
  for _, poller in ipairs { "epoll", "io_uring" } do
    it("may be " .. poller, function()
      assert.same({ "hello\n", "closed" }, { echo_once(poller) })
    end)

    it("leaves no descriptor behind, " .. poller, function()
      local before = net.count_fds()
      for _ = 1, 5 do echo_once(poller) end
      assert.equal(before, net.count_fds())
    end)
  end

  it("keeps real time over io_uring", function()
    local took = lev.run(function()
      local start = lev.now()
      lev.sleep(0.01)
      return lev.now() - start
    end, { poller = "io_uring" })
    assert.is_true(took >= 0.01)
  end)

  it("is one of those there are", function()
    for _, value in ipairs { "kqueue", "", 1, true, {} } do
      assert.error_matches(function()
        lev.run(function() end, { poller = value })
      end, "poller: 'epoll', 'io_uring' or 'fake' expected")
    end
  end)

  it("cannot be chosen by a run inside another", function()
    lev.run(function()
      assert.error_matches(function()
        lev.run(function() end, { poller = "io_uring" })
      end, "nested calls are not allowed")
    end)
  end)

  it("is an error that says so where the kernel refuses io_uring", function()
    for errno, text in pairs { [1] = "Operation not permitted",
        [38] = "Function not implemented" } do
      assert.equal("nil\tio_uring: " .. text .. "\nepoll works\nexit 0\n",
        without_io_uring(errno))
    end
  end)
end)
