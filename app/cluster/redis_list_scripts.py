"""The scripts of the lists: what they share with others is in `redis_scripts`, the names of the keys too."""

from __future__ import annotations

from app.cluster.redis_scripts import COMMON, Script

__all__ = ["ENLIST", "LISTED", "LIST_SCRIPTS", "UNLIST"]

_LIST = (
    COMMON
    + """
local order, values = p .. ':list:order:' .. ARGV[3], p .. ':list:values:' .. ARGV[3]
"""
)

ENLIST = Script(
    _LIST
    + """
local member, value, limit, left = ARGV[4], ARGV[5], tonumber(ARGV[6]), ARGV[7]
local time = now()
local newest = call('ZREVRANGE', order, 0, 0, 'WITHSCORES')[2]
if newest then time = math.max(time, newest + 1) end
call('ZADD', order, text(time), member)
call('HSET', values, member, value)
for _, oldest in ipairs(call('ZRANGE', order, 0, -1 - limit)) do
  call('ZREM', order, oldest)
  call('HDEL', values, oldest)
end
call('PEXPIRE', order, left)
call('PEXPIRE', values, left)
return 0
"""
)
"""Make a member the newest of a list: name, member, value, how many are kept, for how many milliseconds."""

LISTED = Script(
    _LIST
    + """
local answers = {}
for _, member in ipairs(call('ZREVRANGE', order, 0, ARGV[4] - 1)) do
  answers[#answers + 1] = member
  answers[#answers + 1] = call('HGET', values, member) or ''
end
return answers
"""
)
"""Answer the newest members of a list, each followed by its value: name, how many, at least one."""

UNLIST = Script(_LIST + "return call('DEL', order, values)")
"""Forget a list: name."""

LIST_SCRIPTS = (ENLIST, LISTED, UNLIST)
"""All of them."""
