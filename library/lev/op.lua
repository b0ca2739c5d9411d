---@meta lev.op

-- The types of operations, and of the twins that make them: NAME_op takes what
-- NAME takes. See docs/LUA_API.md, "Operations".

---A call that has not been made yet.
---@class lev.Op
local Op = {}

---Lets its results go through `fn`.
---@param fn fun(...: any): ...
---@return lev.Op op
---@nodiscard
function Op:wrap(fn) end

---Calls `fn` when it has lost.
---@param fn fun()
---@return lev.Op op
---@nodiscard
function Op:on_abort(fn) end

---Calls `fn` however it ends; `aborted`: not with its results.
---@param fn fun(aborted: boolean)
---@return lev.Op op
---@nodiscard
function Op:finally(fn) end

---Returns the results of `fn` instead of waiting.
---@param fn fun(): ...
---@return lev.Op op
---@nodiscard
function Op:or_else(fn) end

---Does it, and returns its results.
---@async
---@param wait? lev.SelectWait
---@return any ...
function Op:perform(wait) end

---@class lev.SelectOptions: lev.WaitOptions
---@field fair? boolean Begins with each equally often; a seed decides.

---@alias lev.SelectWait number|lev.SelectOptions|nil

---What can be waited for; a number: so many seconds.
---@alias lev.Awaitable
---| lev.Op | lev.Task | lev.Channel | lev.Token | lev.Event | lev.WaitGroup
---| lev.Barrier | lev.Interval | lev.Listener | lev.Process | number

---@class lev.op
local op = {}

---Does an operation, and returns its results.
---@async
---@param any lev.Op
---@param wait? lev.SelectWait
---@return any ...
function op.perform(any, wait) end

---Makes an operation of several, of which one is done: the first that is ready.
---@param ... lev.Op
---@return lev.Op op
---@nodiscard
function op.choice(...) end

---The same by names; the results come after the winner's name.
---@param list table<any, lev.Awaitable>
---@return lev.Op op
---@nodiscard
function op.named_choice(list) end

---Makes an operation of one that each perform makes anew.
---@param make fun(): lev.Op
---@return lev.Op op
---@nodiscard
function op.guard(make) end

---The same; `nack` is ready when it has lost.
---@param make fun(nack: lev.Op): lev.Op
---@return lev.Op op
---@nodiscard
function op.with_nack(make) end

---Makes an operation that uses a resource, released however it ends.
---@generic T
---@param acquire fun(): T
---@param release fun(resource: T, aborted: boolean)
---@param use fun(resource: T): lev.Op
---@return lev.Op op
---@nodiscard
function op.bracket(acquire, release, use) end

---Makes an operation that is ready at once, with these results.
---@param ... any
---@return lev.Op op
---@nodiscard
function op.always(...) end

---Makes an operation that is never ready.
---@return lev.Op op
---@nodiscard
function op.never() end

---Makes an operation of what can be waited for.
---@param value lev.Awaitable
---@return lev.Op op
---@nodiscard
function op.of(value) end

---Whether the value is an operation.
---@param value any
---@return boolean is
---@nodiscard
function op.is(value) end

---@class lev
local lev = {}

---Waits for the first of several, and does that one alone.
---@async
---@param list table<any, lev.Awaitable>
---@param wait? lev.SelectWait
---@return any key # Or nil.
---@return any ... # Its results; or "timeout" or "cancelled".
function lev.select(list, wait) end

---Makes the operation of `sleep`.
---@param seconds number
---@param cancel? lev.Token|{cancel: lev.Token?}
---@return lev.Op op
---@nodiscard
function lev.sleep_op(seconds, cancel) end

---Makes the operation of `await`.
---@param task lev.Task
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function lev.await_op(task, wait) end

---Makes the operation of `connect`.
---@param host string
---@param port integer
---@param opts? number|lev.ConnectOptions
---@return lev.Op op
---@nodiscard
function lev.connect_op(host, port, opts) end

---Makes the operation of `unix_connect`.
---@param path string
---@param opts? number|lev.UnixConnectOptions
---@return lev.Op op
---@nodiscard
function lev.unix_connect_op(path, opts) end

---Makes the operation of `resolve`.
---@param name string
---@param opts? number|lev.ResolveOptions
---@return lev.Op op
---@nodiscard
function lev.resolve_op(name, opts) end

---Makes the operation of `exec_capture`.
---@param path string
---@param args? (string|number)[]
---@param opts? lev.CaptureOptions
---@return lev.Op op
---@nodiscard
function lev.exec_capture_op(path, args, opts) end

---Makes the operation of `wait_signal`.
---@param signum integer
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function lev.wait_signal_op(signum, wait) end

---Makes the operation of `wait_readable`.
---@param fd lev.Descriptor
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function lev.wait_readable_op(fd, wait) end

---Makes the operation of `wait_writable`.
---@param fd lev.Descriptor
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function lev.wait_writable_op(fd, wait) end

---@class lev.Task
local Task = {}

---Makes the operation of `await`.
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function Task:await_op(wait) end

---Makes the operation of `join`.
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function Task:join_op(wait) end

---@class lev.Token
local Token = {}

---Makes the operation of `wait`.
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function Token:wait_op(wait) end

---@class lev.Channel
local Channel = {}

---Makes the operation of `send`.
---@param message any
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function Channel:send_op(message, wait) end

---Makes the operation of `recv`.
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function Channel:recv_op(wait) end

---@class lev.Mutex
local Mutex = {}

---Makes the operation of `lock`.
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function Mutex:lock_op(wait) end

---@class lev.RwLock
local RwLock = {}

---Makes the operation of `read_lock`.
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function RwLock:read_lock_op(wait) end

---Makes the operation of `write_lock`.
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function RwLock:write_lock_op(wait) end

---@class lev.Condition
local Condition = {}

---Makes the operation of `wait`.
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function Condition:wait_op(wait) end

---@class lev.Semaphore
local Semaphore = {}

---Makes the operation of `acquire`.
---@param n? integer
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function Semaphore:acquire_op(n, wait) end

---@class lev.Event
local Event = {}

---Makes the operation of `wait`.
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function Event:wait_op(wait) end

---@class lev.WaitGroup
local WaitGroup = {}

---Makes the operation of `wait`.
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function WaitGroup:wait_op(wait) end

---@class lev.Barrier
local Barrier = {}

---Makes the operation of `wait`.
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function Barrier:wait_op(wait) end

---@class lev.Interval
local Interval = {}

---Makes the operation of `wait`.
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function Interval:wait_op(wait) end

---@class lev.Socket
local Socket = {}

---Makes the operation of `send`.
---@param data string|string[]
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function Socket:send_op(data, wait) end

---Makes the operation of `sendfile`.
---@param file string|lev.Descriptor
---@param wait? number|lev.SendfileOptions
---@return lev.Op op
---@nodiscard
function Socket:sendfile_op(file, wait) end

---Makes the operation of `send_fds`.
---@param data string
---@param fds lev.Descriptor[]
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function Socket:send_fds_op(data, fds, wait) end

---Makes the operation of `recv`.
---@param maxlen integer
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function Socket:recv_op(maxlen, wait) end

---Makes the operation of `recv_exactly`.
---@param n integer
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function Socket:recv_exactly_op(n, wait) end

---Makes the operation of `recv_until`.
---@param pattern string
---@param wait? number|lev.RecvUntilOptions
---@param max_size? integer
---@return lev.Op op
---@nodiscard
function Socket:recv_until_op(pattern, wait, max_size) end

---Makes the operation of `recv_fds`.
---@param maxlen integer
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function Socket:recv_fds_op(maxlen, wait) end

---Makes the operation of `peek`.
---@param n integer
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function Socket:peek_op(n, wait) end

---Makes the operation of `connect`.
---@param host string
---@param port integer
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function Socket:connect_op(host, port, wait) end

---Makes the operation of `starttls`.
---@param config lev.TlsConfig
---@return lev.Op op
---@nodiscard
function Socket:starttls_op(config) end

---Makes the operation of `open`.
---@param path string
---@param mode? "r"|"w"|"a"|"x"|"r+"|"w+"|"a+"|"x+"|string
---@param wait? number|lev.OpenOptions
---@return lev.Op op
---@nodiscard
function lev.open_op(path, mode, wait) end

---Makes the operation of `read_file`.
---@param path string
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function lev.read_file_op(path, wait) end

---Makes the operation of `write_file`.
---@param path string
---@param data string
---@param wait? number|lev.WriteFileOptions
---@return lev.Op op
---@nodiscard
function lev.write_file_op(path, data, wait) end

---Makes the operation of `stat`.
---@param path string
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function lev.stat_op(path, wait) end

---@class lev.File
local File = {}

---Makes the operation of `read`.
---@param what? lev.ReadFormat
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function File:read_op(what, wait) end

---Makes the operation of `write`.
---@param ... string|number|lev.WaitOptions
---@return lev.Op op
---@nodiscard
function File:write_op(...) end

---Makes the operation of `seek`.
---@param whence? "set"|"cur"|"end"
---@param offset? integer
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function File:seek_op(whence, offset, wait) end

---Makes the operation of `size`.
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function File:size_op(wait) end

---Makes the operation of `truncate`.
---@param size integer
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function File:truncate_op(size, wait) end

---Makes the operation of `sync`.
---@param data_only? boolean
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function File:sync_op(data_only, wait) end

---Makes the operation of `flush`.
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function File:flush_op(wait) end

---@class lev.Listener
local Listener = {}

---Makes the operation of `accept`.
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function Listener:accept_op(wait) end

---@class lev.Process
local Process = {}

---Makes the operation of `send`.
---@param data string|string[]
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function Process:send_op(data, wait) end

---Makes the operation of `recv`.
---@param maxlen integer
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function Process:recv_op(maxlen, wait) end

---Makes the operation of `recv_exactly`.
---@param n integer
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function Process:recv_exactly_op(n, wait) end

---Makes the operation of `recv_until`.
---@param pattern string
---@param wait? number|lev.RecvUntilOptions
---@param max_size? integer
---@return lev.Op op
---@nodiscard
function Process:recv_until_op(pattern, wait, max_size) end

---Makes the operation of `peek`.
---@param n integer
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function Process:peek_op(n, wait) end

---Makes the operation of `recv_stderr`.
---@param maxlen integer
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function Process:recv_stderr_op(maxlen, wait) end

---Makes the operation of `read_all`.
---@param wait? number|lev.ReadAllOptions
---@return lev.Op op
---@nodiscard
function Process:read_all_op(wait) end

---Makes the operation of `wait`.
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function Process:wait_op(wait) end

---@class lev.Datagram
local Datagram = {}

---Makes the operation of `send`.
---@param data string
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function Datagram:send_op(data, wait) end

---Makes the operation of `sendto_many`.
---@param messages (lev.Message|{[1]: string, [2]: string?, [3]: integer?})[]
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function Datagram:sendto_many_op(messages, wait) end

---Makes the operation of `recv`.
---@param maxlen integer
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function Datagram:recv_op(maxlen, wait) end

---Makes the operation of `recvfrom_many`.
---@param count integer The most of them.
---@param maxlen integer
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function Datagram:recvfrom_many_op(count, maxlen, wait) end

---@class lev.Udp
local Udp = {}

---Makes the operation of `sendto`.
---@param data string
---@param host string
---@param port integer
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function Udp:sendto_op(data, host, port, wait) end

---Makes the operation of `recvfrom`.
---@param maxlen integer
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function Udp:recvfrom_op(maxlen, wait) end

---@class lev.UnixDatagram
local UnixDatagram = {}

---Makes the operation of `sendto`.
---@param data string
---@param path string
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function UnixDatagram:sendto_op(data, path, wait) end

---Makes the operation of `recvfrom`.
---@param maxlen integer
---@param wait? lev.Wait
---@return lev.Op op
---@nodiscard
function UnixDatagram:recvfrom_op(maxlen, wait) end
