// Memory that runs out in choices and operations.

#include "gtest/gtest.h"
#include "tests/lua/out_of_memory.h"

namespace lev::lua {
namespace {

// What must hold even when memory is out: no error would be noticed then.
constexpr char kInsist[] = R"(
  lev = require "lev"
  lev.set_logger(function() end)
  insist = function(held) if not held then os.exit(4, false) end end
)";

TEST_F(OutOfMemory, ChoicesConserveWhatTheyWaitFor) {
  Try("select", kInsist, R"(
    local semaphore, channel = lev.semaphore(2), lev.channel()
    local mutex, full = lev.mutex(), lev.channel(1)
    local condition = lev.condition(mutex)
    local taken, sent, received = 0, 0, 0
    local ok, message = pcall(lev.run, function()
      full:send("x")
      for i = 1, 3 do
        lev.spawn(function()
          local key = lev.select({
            semaphore:acquire_op(2), channel:send_op({i}), full:send_op({}),
            lev.sleep_op(0.001),
          })
          if key == 1 then semaphore:release(2) end
          if key == 2 then sent = sent + 1 end
        end)
      end
      semaphore:acquire()
      local token = lev.cancel_token()
      lev.select({ channel, lev.sleep_op(0.0001) }, { cancel = token })
      if mutex:lock() then
        lev.select({ condition:wait_op(0.0001), channel:recv_op() })
        mutex:unlock()
      end
      semaphore:release()
      return true
    end)
    local stats = channel:stats()
    insist(stats.senders == 0 and stats.receivers == 0)
    assert(ok, message)
    assert(semaphore:available() == 2)
  )");
}

TEST_F(OutOfMemory, HandlersAreToldOnce) {
  Try("op", kInsist, R"(
    local op, acquired, released = lev.op, 0, 0
    local ok, message = pcall(lev.run, function()
      local event = lev.event()
      local function bracket(use)
        return op.bracket(function() acquired = acquired + 1 end,
          function() released = released + 1 end, use)
      end
      local task = lev.spawn(function()
        return op.choice(
          bracket(function() return event:wait_op() end):wrap(lev.yield),
          op.with_nack(function(nack)
            lev.spawn(function() nack:perform() end)
            return op.never()
          end),
          bracket(op.never):on_abort(function() lev.yield() end),
          op.guard(function() return op.always(1):wrap(lev.yield) end)
        ):perform()
      end)
      lev.await(task)
      bracket(op.never):or_else(function() return 1 end):perform()
      local aborted = lev.spawn(function() bracket(op.never):perform() end)
      lev.yield()
      aborted:abort()
      return op.named_choice { a = event:wait_op(), b = 0.0001 }:perform()
    end)
    insist(released <= acquired)
    assert(ok, message)
    assert(released == acquired and acquired == 4)
  )");
}

TEST_F(OutOfMemory, ChoicesOfSockets) {
  Try("select of sockets", kRequire, R"(
    assert(lev.run(function()
      local listener = assert(lev.listen("127.0.0.1", 0))
      local _, port = listener:getsockname()
      local key, client = lev.select({
        listener:accept_op(), lev.connect_op("127.0.0.1", port, 5),
      })
      if key == 2 then
        local server = assert(listener:accept(5))
        client:send("hello")
        assert(lev.select({ server:recv_op(3), server:recv_op(9), 5 }) == 1)
        lev.select({ client:recv_op(1), client:send_op("x"), 0.0001 })
      end
      lev.select({ lev.resolve_op("127.0.0.1"), lev.wait_signal_op(10) })
      lev.select({ lev.unix_connect_op("@lev oom op nobody"), 0.0001 })
      return lev.select({ lev.exec_capture_op("/bin/true"), 5 }) == 1
    end))
  )");
}

}  // namespace
}  // namespace lev::lua
