"""The scripts that change what Redis holds: each is carried out as one, by whichever server asks.

Every name begins with the prefix; times are microseconds of Redis' own clock.

    <p>:servers                     zset  server -> its last beat
    <p>:server:<server>             set   its sockets: roster, socket and user, with a line break between
    <p>:gone                        set   servers whose beat was late, until all their sockets have been removed
    <p>:leaving                     set   those of them, or yet to be, that took their leave and owe nothing
    <p>:swept:<server>              text  when that was, for a day
    <p>:deaths                      zset  those that did not take their leave -> when that is to be told of next
    <p>:departed                    zset  roster and user of those who were swept, until it was told -> since when
    <p>:roster:<r>:user:<user>      hash  "<server> <socket>" -> "<lingering since, or 0> <came first, 1 or 0> <data>"
    <p>:roster:<r>:online           zset  user -> when the user came
    <p>:session:<name>              text  a value, until its time has passed
    <p>:list:order:<name>           zset  member -> when it was put there, or a little later: no two are equal
    <p>:list:values:<name>          hash  member -> its value
    <p>:tally:<name>                text  how many events, until the window ends

A user is in `online` exactly while the hash of the user exists, and a socket is in its server's set exactly while it
is in the hash of its user. What a server says of its sockets is refused, with -1, while it is not in `servers`: it was
swept, or Redis has lost what it had. Rosters and sockets have no line break in their names; users may have anything.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

__all__ = [
    "ARRIVE", "BEAT", "CAME_FIRST", "COMMON", "CONNECTED", "DEPART", "HELLO", "LEAVE", "LINGER", "PRESENT",
    "REGISTER", "REMEMBER", "REMOVE", "SCRIPTS", "SOCKETS", "SWEEP", "TALLY", "UNKNOWN", "UPDATE", "WAS_THERE",
    "Script", "microseconds",
]  # fmt: skip

UNKNOWN = -1
"""What a script answers to a server that Redis does not know."""

PRESENT, WAS_THERE, CAME_FIRST = 1, 2, 4
"""Of a socket that was removed: the user is present now, the socket was there, and its user had come with it."""

COMMON = """
local p, me = ARGV[1], ARGV[2]
local call = redis.call
local function now() local t = call('TIME') return t[1] * 1000000 + t[2] end
local function text(n) return string.format('%.0f', n) end
local function key(roster, user) return p .. ':roster:' .. roster .. ':user:' .. user end
local function online(roster) return p .. ':roster:' .. roster .. ':online' end
local function held(server) return p .. ':server:' .. server end
local function member(roster, user, socket) return roster .. '\\n' .. socket .. '\\n' .. user end
local function known() return call('ZSCORE', p .. ':servers', me) end
local function beat(time) call('ZADD', p .. ':servers', text(time), me) end
local function absent(roster, user) return call('EXISTS', key(roster, user)) == 0 end
local function drop(server, roster, user, socket)
  call('SREM', held(server), member(roster, user, socket))
  local was = call('HDEL', key(roster, user), server .. ' ' .. socket) == 1
  if was and absent(roster, user) then call('ZREM', online(roster), user) end
  return was
end
"""


@dataclass(frozen=True, slots=True)
class Script:
    """A script: its text, and the digest that Redis knows it by. Every one takes the prefix and the server first."""

    text: str
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest())


def microseconds(seconds: float) -> bytes:
    """Return a duration as the scripts take it."""
    return b"%d" % round(seconds * 1_000_000)


HELLO = Script(
    COMMON
    + """
local was = known() and 1 or 0
beat(now())
call('SREM', p .. ':gone', me)
return {was, call('GET', p .. ':swept:' .. me) or ''}
"""
)
"""Put the server in. Answer whether it was there, and when it was swept, "" if it was not."""

BEAT = Script(
    COMMON
    + """
if not known() then return -1 end
local time = now()
beat(time)
return text(time)
"""
)
"""Say that the server lives. Answer what time it is."""

ARRIVE = Script(
    COMMON
    + """
local roster, user, socket, data = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
if not known() then return -1 end
local k = key(roster, user)
local first = absent(roster, user) and 1 or 0
if first == 1 then
  call('ZADD', online(roster), text(now()), user)
else
  local oldest, since
  local all = call('HGETALL', k)
  for i = 1, #all, 2 do
    local time = tonumber(string.match(all[i + 1], '^%d+'))
    if time > 0 and (not since or time < since) then oldest, since = all[i], time end
  end
  if oldest then
    local server, lost = string.match(oldest, '^(%S+) (.*)$')
    call('HDEL', k, oldest)
    call('SREM', held(server), member(roster, user, lost))
  end
end
call('HSET', k, me .. ' ' .. socket, '0 ' .. first .. ' ' .. data)
call('SADD', held(me), member(roster, user, socket))
return first
"""
)
"""Add a socket: roster, user, socket, data. Answer 1 if the user was absent. The oldest that lingers is forgotten."""

UPDATE = Script(
    COMMON
    + """
local k, f = key(ARGV[3], ARGV[4]), me .. ' ' .. ARGV[5]
if not known() then return -1 end
local value = call('HGET', k, f)
if value then call('HSET', k, f, string.match(value, '^%d+ %d ') .. ARGV[6]) end
return 0
"""
)
"""Keep other data with a socket: roster, user, socket, data."""

LINGER = Script(
    COMMON
    + """
local k, f = key(ARGV[3], ARGV[4]), me .. ' ' .. ARGV[5]
if not known() then return -1 end
local value = call('HGET', k, f)
if value and string.sub(value, 1, 2) == '0 ' then call('HSET', k, f, text(now()) .. string.sub(value, 2)) end
return 0
"""
)
"""Have a socket linger: roster, user, socket."""

LEAVE = Script(
    COMMON
    + """
if not known() then return -1 end
return drop(me, ARGV[3], ARGV[4], ARGV[5]) and absent(ARGV[3], ARGV[4]) and 1 or 0
"""
)
"""Remove a socket: roster, user, socket. Answer 1 if it was there and the user is absent now."""

REGISTER = Script(
    COMMON
    + """
if not known() then return -1 end
local time = now()
beat(time)
local answers = {}
for i = 3, #ARGV, 5 do
  local roster, user, socket, lingering, data = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  local k, f = key(roster, user), me .. ' ' .. socket
  local value = call('HGET', k, f)
  local first = value and string.match(value, '^%d+ (%d)') or absent(roster, user) and '1' or '0'
  if not value and first == '1' then call('ZADD', online(roster), text(time), user) end
  call('HSET', k, f, lingering .. ' ' .. first .. ' ' .. data)
  call('SADD', held(me), member(roster, user, socket))
  answers[#answers + 1] = tonumber(first)
end
return answers
"""
)
"""Have sockets as they are said to be: roster, user, socket, lingering since, data of each.

Answer for each 1 if its user was absent when it came, now or before.
"""

REMOVE = Script(
    COMMON
    + """
if not known() then return -1 end
local answers = {}
for i = 3, #ARGV, 3 do
  local roster, user, socket = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local value = call('HGET', key(roster, user), me .. ' ' .. socket)
  local answer = 0
  if drop(me, roster, user, socket) then answer = string.match(value, '^%d+ 1') and 6 or 2 end
  answers[#answers + 1] = answer + (absent(roster, user) and 0 or 1)
end
return answers
"""
)
"""Remove sockets: roster, user, socket of each. Answer for each the sum of PRESENT, WAS_THERE and CAME_FIRST."""

DEPART = Script(
    COMMON
    + """
if not known() then return -1 end
local owing = ARGV[5] == '1'
if call('SCARD', held(me)) == 0 and not owing then call('ZREM', p .. ':servers', me)
else
  beat(now() - ARGV[3] + ARGV[4])
  if not owing then call('SADD', p .. ':leaving', me) end
end
return 0
"""
)
"""Take the server out: when a server counts as dead, when this one is swept, and 1 if it then counts as dead."""

SWEEP = Script(
    COMMON
    + """
local time = now()
local answers = {0, 0}
local function tell(roster, user)
  call('ZADD', p .. ':departed', text(time), roster .. '\\n' .. user)
  answers[#answers + 1] = roster
  answers[#answers + 1] = user
end
for _, m in ipairs(call('ZRANGEBYSCORE', p .. ':departed', '-inf', '(' .. text(time - ARGV[3]), 'LIMIT', 0, ARGV[4])) do
  local roster, user = string.match(m, '^([^\\n]*)\\n(.*)$')
  if absent(roster, user) then tell(roster, user) else call('ZREM', p .. ':departed', m) end
end
local id = call('SRANDMEMBER', p .. ':gone')
if not id then
  id = call('ZRANGEBYSCORE', p .. ':servers', '-inf', '(' .. text(time - ARGV[3]), 'LIMIT', 0, 1)[1]
  if id == me then id = nil end
  if id then
    call('ZREM', p .. ':servers', id)
    call('SADD', p .. ':gone', id)
    call('SET', p .. ':swept:' .. id, text(time), 'EX', 86400)
    if call('SISMEMBER', p .. ':leaving', id) == 0 then call('ZADD', p .. ':deaths', text(time), id) end
  end
end
for _, dead in ipairs(call('ZRANGEBYSCORE', p .. ':deaths', '-inf', text(time), 'LIMIT', 0, 100)) do
  local since = call('GET', p .. ':swept:' .. dead)
  if since and time - since < tonumber(ARGV[5]) then
    call('ZADD', p .. ':deaths', text(time + ARGV[6]), dead)
    answers[2] = 1
  else call('ZREM', p .. ':deaths', dead) end
end
if not id then return answers end
answers[1] = 1
for _, m in ipairs(call('SPOP', held(id), ARGV[4])) do
  local roster, socket, user = string.match(m, '^([^\\n]*)\\n([^\\n]*)\\n(.*)$')
  if drop(id, roster, user, socket) and absent(roster, user) then tell(roster, user) end
end
if call('SCARD', held(id)) == 0 then
  call('SREM', p .. ':gone', id)
  call('SREM', p .. ':leaving', id)
end
return answers
"""
)
"""Remove some sockets of one server whose beat is late: by how long, how many at most; for how long a death is told of,
and how often.

Answer 1 if there is such a server, else 0; 1 if whoever asks is to tell of a death, else 0: nobody else will until it
is told of again; and roster and user of those who are absent now. They are in `departed` until whoever told of them
takes them out; one who has been there for as long is answered again.
"""

SOCKETS = Script(
    COMMON
    + """
local answers = {}
for i = 5, #ARGV do
  local k = key(ARGV[3], ARGV[i])
  local found = {call('HLEN', k)}
  for j, value in ipairs(call('HRANDFIELD', k, ARGV[4], 'WITHVALUES')) do
    if j % 2 == 0 then found[#found + 1] = value end
  end
  answers[#answers + 1] = found
end
return answers
"""
)
"""Read the sockets of users: roster, how many at most, users. Answer for each how many there are, and their values."""

CONNECTED = Script(
    COMMON
    + """
local answers = {}
for i = 5, #ARGV do
  local k, found = key(ARGV[3], ARGV[i]), 0
  if call('HLEN', k) > tonumber(ARGV[4]) then found = 1
  else
    for _, value in ipairs(call('HVALS', k)) do
      if string.sub(value, 1, 2) == '0 ' then found = 1 break end
    end
  end
  answers[#answers + 1] = found
end
return answers
"""
)
"""Look for sockets that do not linger: roster, how many to look at, users. Answer for each 1 if there is one, or more
sockets than that."""

TALLY = Script(
    """
local name = ARGV[1] .. ':tally:' .. ARGV[3]
local count = redis.call('INCR', name)
local left = redis.call('PTTL', name)
if left < 0 then
  redis.call('PEXPIRE', name, ARGV[4])
  left = tonumber(ARGV[4])
end
return {count, left}
"""
)
"""Count an event: name, milliseconds of a window. Answer how many there were, and the milliseconds that are left."""

REMEMBER = Script(
    """
local value = redis.call('GET', ARGV[3]) or ARGV[4]
redis.call('SET', ARGV[3], value, 'PX', ARGV[5])
return value
"""
)
"""Keep a value under a key that has none: key, value, milliseconds. Answer the one that it has."""

SCRIPTS = (
    HELLO, BEAT, ARRIVE, UPDATE, LINGER, LEAVE, REGISTER, REMOVE, DEPART, SWEEP, SOCKETS, CONNECTED, TALLY, REMEMBER,
)  # fmt: skip
"""All of them, but for those of `redis_list_scripts`."""
