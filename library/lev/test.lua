---@meta lev.test

-- The types of lev.test: runs in virtual time, on a network in memory.

---@class lev.test
---@field network lev.test.network
local test = {}

---@class lev.test.NetworkOptions
---@field hosts? table A list of names, or name = {address, ...}.
---@field links? lev.test.Plan Of all links.
---@field names? table<string, string|string[]|false>

---@class lev.test.Options
---@field seed? integer Decides every chance; not 0: also orders.
---@field trace? boolean
---@field limit? number Seconds, in its own time; 3600.
---@field network? lev.test.NetworkOptions

---@class lev.test.Plan
---@field latency? number Seconds.
---@field jitter? number Seconds, up to so much more.
---@field bandwidth? number Bytes a second.
---@field loss? number A probability.
---@field duplicate? number A probability, of datagrams.
---@field reorder? number A probability, of datagrams.
---@field piece? integer At most so many bytes of a stream at a time.
---@field reset_after? integer So many bytes, and the connection is reset.
---@field one_way? boolean From the first host to the second alone.

---Runs `fn` as `lev.run` does, in virtual time on a network in memory, and
---returns what it returns. Raises an error that begins with the seed, which the
---environment variable LEV_TEST_SEED replays; also if something is left behind.
---@param fn fun(network: lev.test.network, seed: integer): ...
---@param options? lev.test.Options
---@return any ...
function test.run(fn, options) end

---Runs `fn` once for each seed from 1 to `count`.
---@param count integer
---@param fn fun(network: lev.test.network, seed: integer)
---@param options? lev.test.Options
function test.each_seed(count, fn, options) end

---Waits until everybody else is blocked; no time passes.
---@async
function test.settle() end

---Seconds since the run has begun.
---@return number seconds
---@nodiscard
function test.now() end

---What the run, or the last one, has recorded.
---@return string trace
---@nodiscard
function test.trace() end

---Adds a line to the trace.
---@param text string
function test.note(text) end

---@class lev.test.network
local network = {}

---The host of this name, which is made if there is none.
---@param name string
---@param addresses? string|string[]
---@return lev.test.host host
function network:host(name, addresses) end

---How packets fare between two hosts, from now on.
---@param a lev.test.host|string
---@param b lev.test.host|string
---@param plan lev.test.Plan
function network:link(a, b, plan) end

---The same for all hosts there are.
---@param plan lev.test.Plan
function network:links(plan) end

---Lets nothing through between these hosts and those.
---@param these lev.test.host|string|(lev.test.host|string)[]
---@param those lev.test.host|string|(lev.test.host|string)[]
function network:partition(these, those) end

---Ends all partitions.
function network:heal() end

---Resets all connections between two hosts.
---@param a lev.test.host|string
---@param b lev.test.host|string
function network:reset(a, b) end

---What names resolve to.
---@param map table<string, string|string[]|false>
function network:names(map) end

---@class lev.test.host
---@field name string
---@field address string
---@field addresses string[]
local host = {}

---As lev.spawn, on this host.
---@param fn function
---@param options? lev.SpawnOptions
---@return lev.Task task
function host:spawn(fn, options) end

---Aborts its tasks; its sockets and processes are gone without a word.
function host:crash() end

---It is on the network again.
function host:start() end

---With so many descriptors open, more are an error.
---@param most integer
function host:limit_fds(most) end

---How many descriptors are open there, those in messages included.
---@return integer count
function host:open_fds() end

---The host gets a signal. One that nobody has taken, and that ends a process, is
---a crash; of "main" it is an error.
---@param number integer
function host:signal(number) end

---What a scripted program is given.
---@class lev.test.process
---@field args string[]
---@field env table<string, string>
---@field cwd string
---@field pid integer
---@field stdin lev.Socket
---@field stdout lev.Socket
---@field stderr lev.Socket

---From now on this is what `lev.exec(name)` starts there, as a task in a process
---of its own. What it returns is the exit code; nil: 0.
---@param name string
---@param fn (async fun(process: lev.test.process): integer?)?
function host:program(name, fn) end

---What programs have written to the output and errors they inherit.
---@return string text
---@nodiscard
function host:output() end

return test
