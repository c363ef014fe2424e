import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetWriteFile } from 'hyparquet-writer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerColumns, asPrompt, asText, chooseColumn, column } from './columns.js'
import { type CountedRow, readRows, streamDistinct } from './rows.js'

let directory: string
const write = async (name: string, content: string | Uint8Array) => {
  await writeFile(join(directory, name), content)
  return join(directory, name)
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'isentrope-rows-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

describe('readRows', () => {
  const rows = [
    { prompt: 'a\u2028b', answer: '1' },
    { prompt: 'c', answer: '2' },
  ]

  it('reads JSON lines, with a byte order mark, empty lines and Windows ends', async () => {
    const path = await write('a.jsonl', `\ufeff${JSON.stringify(rows[0])}\r\n\r\n${JSON.stringify(rows[1])}`)
    expect(await readRows(path)).toEqual(rows)
  })

  it('reads a JSON array', async () => {
    expect(await readRows(await write('a.json', JSON.stringify(rows)))).toEqual(rows)
  })

  it('reads Parquet', async () => {
    const path = join(directory, 'a.parquet')
    parquetWriteFile({
      filename: path,
      columnData: [
        { name: 'prompt', data: rows.map(({ prompt }) => prompt), type: 'STRING' },
        { name: 'answer', data: rows.map(({ answer }) => answer), type: 'STRING' },
      ],
    })
    expect(await readRows(path)).toEqual(rows)
  })

  it('keeps the value of every number, date, and time of a Parquet file', async () => {
    // test/golden/make_parquet_types.py writes it with pyarrow.
    expect(await readRows('test/fixtures/data/types.parquet')).toEqual([
      {
        half: 0.1,
        single: 0.1,
        double: 0.1,
        missing: null,
        infinite: Number.POSITIVE_INFINITY,
        decimal: '12345678901234567890.1',
        int64: 2n ** 63n - 1n,
        uint64: 2n ** 64n - 1n,
        date: '2024-01-05',
        time: '10:01:02',
        timestamp: '2024-01-05 10:00:00.123456',
        zoned: '2024-01-05 10:00:00.000005+00',
        list: [0.1],
        nested: { a: 0.1 },
        nested_half: { a: 0.1 },
        category: 'x',
      },
      {
        half: 2.5,
        single: 1e-7,
        double: 12_345_678.9,
        missing: null,
        infinite: Number.NEGATIVE_INFINITY,
        decimal: '70',
        int64: 9_007_199_254_740_993n,
        uint64: 0n,
        date: null,
        time: null,
        timestamp: null,
        zoned: null,
        list: [0.3, null],
        nested: { a: null },
        nested_half: { a: 0.3 },
        category: 'y',
      },
    ])
  })

  it('keeps the value of numbers in JSON', async () => {
    const text = '{"answer": 12345678901234567890, "x": [0.1234567890123456789, 7.0]}'
    const expected = [{ answer: '12345678901234567890', x: ['0.1234567890123456789', 7] }]
    expect(await readRows(await write('n.jsonl', text))).toEqual(expected)
    expect(await readRows(await write('n.json', `[${text}]`))).toEqual(expected)
  })

  it.each([
    ['latin.jsonl', Buffer.from('{"a": "caf\xe9"}\n', 'latin1'), /latin.jsonl:1: not UTF-8 text/],
    ['latin.csv', Buffer.from('a,b\ncaf\xe9,1\n', 'latin1'), /latin.csv: not UTF-8 text/],
    ['twice.csv', Buffer.from('a,b,a\n1,2,3\n'), /twice.csv: has the column 'a' twice/],
  ])('refuses %s, of which a value would be lost', async (name, content, message) => {
    const path = await write(name, content)
    await expect(readRows(path)).rejects.toThrow(expect.objectContaining({ name: 'UserError' }))
    await expect(readRows(path)).rejects.toThrow(message)
  })

  it.each([
    ['bad.jsonl', '{"a":1}\n{"a":\n', /bad.jsonl, line 2: not JSON/],
    ['list.jsonl', '[1]\n', /list.jsonl, line 1: not a JSON object/],
    ['bad.json', '{"a":1}', /bad.json: holds no array of rows/],
    ['rows.json', '[1]', /rows.json, row 1: not a JSON object/],
    ['bad.parquet', 'PAR1 no', /bad.parquet: not a readable Parquet file/],
    ['empty.parquet', '', /empty.parquet: not a readable Parquet file/],
    ['a.txt', '', /a.txt: not a data file that this reads/],
  ])('names what is wrong with %s', async (name, content, message) => {
    const path = await write(name, content)
    await expect(readRows(path)).rejects.toThrow(expect.objectContaining({ name: 'UserError' }))
    await expect(readRows(path)).rejects.toThrow(message)
  })

  it('names a file that is not there, or is none', async () => {
    await expect(readRows(join(directory, 'no.jsonl'))).rejects.toThrow(/no such file/)
    await expect(readRows(directory)).rejects.toThrow(/not a file/)
  })
})

describe('columns', () => {
  const row = { question: 'q', reward_model: { ground_truth: '7' }, 'a.b': 1, a: { b: 2 } }

  it('reaches into nested columns, and takes a name with a dot as it stands first', () => {
    expect(column(row, 'reward_model.ground_truth')).toBe('7')
    expect(column(row, 'a.b')).toBe(1)
    expect(column(row, 'reward_model.style')).toBeUndefined()
    expect(column(row, 'toString')).toBeUndefined()
  })

  it('finds the usual columns, and names the nearest of one asked for in vain', () => {
    expect(chooseColumn(row, undefined, answerColumns, 'row 1')).toBe('reward_model.ground_truth')
    expect(() => chooseColumn(row, 'questoin', [], 'row 1')).toThrow(
      expect.objectContaining({ message: "row 1: no column 'questoin'", hint: "Did you mean 'question'?" }),
    )
  })

  it('writes numbers out', () => {
    expect(asText(70, 'here')).toBe('70')
    expect(asText(12n, 'here')).toBe('12')
    expect(asText(['x'], 'here')).toBe('x')
    expect(() => asText(null, 'here')).toThrow('here: neither text nor a number')
    expect(asText(1e-7, 'here')).toBe('0.0000001')
    expect(asText(1e21, 'here')).toBe('1000000000000000000000')
    expect(() => asText(['x', 'y'], 'here')).toThrow(/neither/)
    expect(() => asText(Number.NaN, 'here')).toThrow('here: neither text nor a number, but missing')
    expect(() => asText(Number.POSITIVE_INFINITY, 'here')).toThrow('here: infinite')
  })

  it('takes chats', () => {
    const chat = [{ role: 'user', content: 'hi', extra: 1 }]
    expect(asPrompt(chat, 'here')).toEqual([{ role: 'user', content: 'hi' }])
    expect(() => asPrompt([{ role: 'user' }], 'here')).toThrow(/a chat is a list/)
  })
})

describe('streamDistinct', () => {
  const collect = async (path: string, columns: string[]) => {
    const found: CountedRow[] = []
    for await (const row of streamDistinct(path, columns)) found.push(row)
    return found
  }

  it('gives each row of a Parquet file once, as it first appears, with its count', async () => {
    const path = join(directory, 'copies [1]*.parquet')
    const data = Array.from({ length: 5000 }, (_, i) => `p${(i * 7) % 10}`)
    parquetWriteFile({
      filename: path,
      columnData: [
        { name: 'prompt', data },
        { name: 'index', data: data.map((_, i) => i), type: 'INT32' },
      ],
    })
    const found = await collect(path, ['prompt'])
    expect(found.map(({ row }) => row.prompt)).toEqual(data.slice(0, 10))
    expect(found.every(({ row, copies }) => copies === 500 && !('index' in row))).toBe(true)
    expect(await readRows(path)).toHaveLength(5000)
  })

  it('gives the rows of other files as they come', async () => {
    const path = await write('copies.csv', 'a,b\n1,2\n1,2\n')
    expect(await collect(path, ['a'])).toEqual([
      { row: { a: '1', b: '2' }, copies: 1 },
      { row: { a: '1', b: '2' }, copies: 1 },
    ])
  })
})
