/*
 * The audit's chain, in Lua, for every script that changes something: the link is made in the same atomic step as the change.
 *
 *   hash = SHA-256( hash before, 32 bytes | digest of the entry, 32 bytes | sequence number, 8 bytes big endian )
 *
 * Redis offers only SHA-1 to scripts, and SHA-1 can be made to collide. The bot hashes the entry's text (any length) and hands the
 * digest in; what is left for Lua is 72 bytes of fixed size, two blocks of SHA-256: about a quarter of a millisecond.
 */

/** FIPS 180-4: the first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const roundConstants = [
  '428a2f98 71374491 b5c0fbcf e9b5dba5 3956c25b 59f111f1 923f82a4 ab1c5ed5 d807aa98 12835b01 243185be 550c7dc3 72be5d74 80deb1fe',
  '9bdc06a7 c19bf174 e49b69c1 efbe4786 0fc19dc6 240ca1cc 2de92c6f 4a7484aa 5cb0a9dc 76f988da 983e5152 a831c66d b00327c8 bf597fc7',
  'c6e00bf3 d5a79147 06ca6351 14292967 27b70a85 2e1b2138 4d2c6dfc 53380d13 650a7354 766a0abb 81c2c92e 92722c85 a2bfe8a1 a81a664b',
  'c24b8b70 c76c51a3 d192e819 d6990624 f40e3585 106aa070 19a4c116 1e376c08 2748774c 34b0bcb5 391c0cb3 4ed8aa4a 5b9cca4f 682e6ff3',
  '748f82ee 78a5636f 84c87814 8cc70208 90befffa a4506ceb bef9a3f7 c67178f2',
]
  .join(' ')
  .split(' ')
  .map((word) => `0x${word}`)
  .join(',');

/** `compress(state, words)`: SHA-256 over one block of sixteen words. `linkOf(before, digest, sequence)`: hex in, hex out. */
const sha256 = `
  local ROUNDS = {${roundConstants}}
  local band, bnot, bxor, ror, rshift, tobit, tohex =
    bit.band, bit.bnot, bit.bxor, bit.ror, bit.rshift, bit.tobit, bit.tohex
  local function compress(state, words)
    for t = 17, 64 do
      local near, far = words[t - 15], words[t - 2]
      words[t] = tobit(words[t - 16] + words[t - 7]
        + bxor(ror(near, 7), ror(near, 18), rshift(near, 3))
        + bxor(ror(far, 17), ror(far, 19), rshift(far, 10)))
    end
    local a, b, c, d, e, f, g, h =
      state[1], state[2], state[3], state[4], state[5], state[6], state[7], state[8]
    for t = 1, 64 do
      local first = h + bxor(ror(e, 6), ror(e, 11), ror(e, 25)) + bxor(band(e, f), band(bnot(e), g))
        + ROUNDS[t] + words[t]
      local second = bxor(ror(a, 2), ror(a, 13), ror(a, 22)) + bxor(band(a, b), band(a, c), band(b, c))
      h, g, f, e, d, c, b, a = g, f, e, tobit(d + first), c, b, a, tobit(first + second)
    end
    local sums = {a, b, c, d, e, f, g, h}
    for i = 1, 8 do state[i] = tobit(state[i] + sums[i]) end
  end
  local function linkOf(before, digest, sequence)
    local words = {}
    local both = before .. digest
    -- A hash that somebody has spoiled must stop nothing: the chain goes on, and is found broken there.
    for i = 1, 16 do words[i] = tonumber(string.sub(both, i * 8 - 7, i * 8), 16) or 0 end
    local state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}
    compress(state, words)
    local last = {math.floor(sequence / 4294967296), sequence % 4294967296, 0x80000000}
    for i = 4, 15 do last[i] = 0 end
    last[16] = 576
    compress(state, last)
    local hex = {}
    for i = 1, 8 do hex[i] = tohex(state[i]) end
    return table.concat(hex)
  end
`;

/**
 * `record(audit, entries)`: appends what `entriesArgument` packed. The stream's ids are the sequence numbers, so a second entry
 * with a number is impossible; `last-generated-id` outlives the entry it stood on, so a number that was cut off at the end is not
 * given again and its gap stays.
 */
export const chainScript = `${sha256}
  local function tipOf(audit)
    if redis.call('EXISTS', audit) == 0 then return 0, string.rep('0', 64) end
    local info, sequence, hash = redis.call('XINFO', 'STREAM', audit), 0, string.rep('0', 64)
    for i = 1, #info, 2 do
      if info[i] == 'last-generated-id' then sequence = tonumber(string.match(info[i + 1], '^%d+')) end
      if info[i] == 'last-entry' and info[i + 1] then
        local fields = info[i + 1][2]
        for j = 1, #fields, 2 do if fields[j] == 'hash' then hash = fields[j + 1] end end
      end
    end
    return sequence, hash
  end
  local function record(audit, entries)
    if entries == '' then return end
    local sequence, hash = tipOf(audit)
    local at = 1
    while at <= #entries do
      local digest, size = string.sub(entries, at, at + 63), tonumber(string.sub(entries, at + 64, at + 71))
      local before, text = hash, string.sub(entries, at + 72, at + 71 + size)
      sequence = sequence + 1
      hash = linkOf(before, digest, sequence)
      redis.call('XADD', audit, string.format('%.0f', sequence) .. '-0', 'entry', text, 'before', before, 'hash', hash)
      at = at + 72 + size
    end
  end
`;
