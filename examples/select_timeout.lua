-- Waits for several things at once: news from a feed, the end of patience, and
-- a word from the user. Exactly one of them happens at a time.

local lev = require "lev"
local op = lev.op

-- News that come ever more slowly.
local function feed(news)
  for i = 1, 4 do
    lev.sleep(0.02 * i * i)
    news:send("news " .. i)
  end
end

-- An operation like any other: it can be waited for, or chosen among others.
local function next_news(news, patience)
  return op.named_choice {
    news = news:recv_op(),
    timeout = lev.sleep_op(patience):wrap(function()
      return ("no news for %g s"):format(patience)
    end),
  }
end

lev.run(function()
  local news, stop = lev.channel(), lev.cancel_token()
  lev.spawn(function() feed(news) end, { name = "feed" }):detach()
  lev.spawn(function()
    lev.sleep(0.4)
    stop:cancel("the user has left")
  end)

  while true do
    local key, what, more = lev.select { stop = stop,
                                         next = next_news(news, 0.15) }
    if key == "stop" then
      print("stopped: " .. tostring(more))
      break
    end
    print(what .. ": " .. more)
    if what == "timeout" then lev.sleep(0.01) end
  end
  -- The feed still waits for somebody who takes its last news.
  print("left over: " .. tostring(news:recv(5)))
end)
