/** The server as its clients see it; the pages themselves in a browser are test/live-pages.test.ts. */
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Watch, watchRuns } from './server.js'

const root = mkdtempSync(join(tmpdir(), 'watch-'))
const runs = join(root, 'runs')
let watch: Watch
let cookie: string

beforeAll(async () => {
  cpSync('test/fixtures/runs/before', runs, { recursive: true })
  watch = await watchRuns({ directories: [runs, join(root, 'later')] })
  const { headers } = await send(new URL(watch.url).pathname + new URL(watch.url).search)
  cookie = String(headers['set-cookie']).split(';')[0]!
})
afterAll(async () => {
  await watch.close()
  rmSync(root, { recursive: true })
})

interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

/** By node:http: fetch sets Host and Origin itself. */
function send(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: watch.port, path, method, headers }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (part) => (body += part))
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }))
    })
    sent.on('error', reject)
    sent.end()
  })
}
const get = (path: string) => send(path, { cookie })
const json = async (path: string) => JSON.parse((await get(path)).body)
const runNamed = async (name: string) => (await json('/api/runs')).find((run: { name: string }) => run.name === name)

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let i = 0; i < 100; i++) {
    const found = await look()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('did not happen within 10 s')
}

describe('who may read', () => {
  it('is whoever has the token, which moves into a cookie that scripts and other sites do not get', async () => {
    const { status, headers } = await send(new URL(watch.url).pathname + new URL(watch.url).search)
    expect(status).toBe(302)
    expect(headers.location).toBe('/')
    expect(String(headers['set-cookie'])).toMatch(/HttpOnly; SameSite=Strict/)
    expect((await get('/')).status).toBe(200)
  })

  it.each(['/', '/api/runs', '/assets/app.js', '/events', '/run/x'])('is nobody else: %s', async (path) => {
    expect((await send(path)).status).toBe(403)
    expect((await send(`${path}?token=wrong`)).status).toBe(403)
    expect((await send(path, { cookie: 'isentrope_watch=wrong' })).status).toBe(403)
  })

  it('is refused under another name, from another page, and to write', async () => {
    expect((await send('/', { cookie, host: 'evil.example' })).status).toBe(421)
    expect((await send('/', { cookie, host: `evil.example:${watch.port}` })).status).toBe(421)
    expect((await send('/api/runs', { cookie, origin: 'http://evil.example' })).status).toBe(403)
    expect((await send('/api/runs', { cookie, origin: `http://127.0.0.1:${watch.port}` })).status).toBe(200)
    for (const method of ['POST', 'PUT', 'DELETE'])
      expect((await send('/api/runs', { cookie }, method)).status).toBe(405)
  })

  it('gets pages that load nothing from elsewhere', async () => {
    const { headers, body } = await get('/')
    const policy = String(headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self';")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(body).not.toMatch(/(?:src|href)="(?:https?:)?\/\//)
    expect(body).not.toMatch(/<script>|<style>| on[a-z]+=/)
  })
})

describe('what it reads', () => {
  it('is every run below the directories, with its numbers', async () => {
    const list = await json('/api/runs')
    expect(list.map(({ name }: { name: string }) => name).sort()).toEqual(['runs/grpo', 'runs/lora', 'runs/ppo'])
    const grpo = await runNamed('runs/grpo')
    expect(grpo).toMatchObject({
      status: 'finished',
      step: 2,
      steps: 2,
      method: 'clip-v + adaptive-entropy + clip-cov',
    })
    const { series, metrics, evaluations } = await json(`/api/runs/${grpo.id}`)
    expect(series.columns.step).toEqual([1, 2])
    expect(series.columns.reward_mean[1]).toBeCloseTo(grpo.reward, 5)
    expect(metrics.find(({ key }: { key: string }) => key === 'entropy_nats')).toMatchObject({ unit: 'nats' })
    expect(evaluations.columns.step).toEqual([0, 2])
  })

  it('is its rollouts by SQL, under limits', async () => {
    const { id } = await runNamed('runs/grpo')
    const path = `/api/runs/${id}/rollouts`
    const { count, rows } = await json(`${path}?where=${encodeURIComponent('step = 2')}&limit=3&offset=2`)
    expect(count).toBe(8)
    expect(rows).toHaveLength(3)
    const bad = await get(`${path}?where=${encodeURIComponent("x in (select * from read_text('/etc/passwd'))")}`)
    expect(bad.status).toBe(400)
    expect(bad.body).toContain('Permission Error')
    expect(JSON.parse((await get(`${path}?limit=1000000`)).body).rows.length).toBeLessThanOrEqual(200)
  })

  it('is a completion with the text of its tokens', async () => {
    const { id } = await runNamed('runs/grpo')
    const { rows } = await json(`/api/runs/${id}/rollouts?limit=1`)
    const { step, sample, prompt_id } = rows[0]
    const path = `/api/runs/${id}/completion?step=${step}&sample=${sample}&prompt=${encodeURIComponent(prompt_id)}`
    const { row, texts } = await json(path)
    expect(row.tokens).toHaveLength(texts.length)
    expect(row.s).toHaveLength(texts.length)
    expect((await get(`/api/runs/${id}/completion?step=99&sample=0&prompt=x`)).status).toBe(404)
  })

  it('is what controls a run: only figures that it has, and its ledger', async () => {
    const { control, ledger, facts } = await json(`/api/runs/${(await runNamed('runs/grpo')).id}/control`)
    const ids = control.figures.map(({ id }: { id: string }) => id)
    expect(ids).toEqual(expect.arrayContaining(['entropy-target', 'setpoint-bounds', 'masked', 'setpoint-wanted']))
    expect(ledger.figures.map(({ id }: { id: string }) => id)).toEqual(['ledger-changes', 'ledger-shares'])
    expect(ledger.parts.join()).toContain('Shares of the exact prediction')
    expect(facts.find(({ label }: { label: string }) => label === 'Target now').value).toBe('3.5 nats')
    const plain = await json(`/api/runs/${(await runNamed('runs/lora')).id}/control`)
    expect(plain.control.figures[0].id).toBe('entropy')
    expect(plain.control.figures.map(({ id }: { id: string }) => id).join()).not.toContain('setpoint')
    expect(plain.ledger).toMatchObject({ figures: [], parts: [] })
  })

  it('is how the scores of a step are distributed, and the tokens of a bar', async () => {
    const { id } = await runNamed('runs/lora')
    const found = await json(`/api/runs/${id}/scores?step=1&by=s`)
    expect(found.bounds.method).toBe('clip-b')
    const bin = found.bins.findIndex(({ count }: { count: number }) => count > 0)
    const { count, tokens } = await json(
      `/api/runs/${id}/scores/tokens?step=1&by=s&low=${found.low}&high=${found.high}&bin=${bin}`,
    )
    expect(count).toBe(found.bins[bin].count)
    expect(tokens[0]).toMatchObject({ text: expect.any(String), at: expect.any(Number) })
    expect((await get(`/api/runs/${id}/scores?step=99`)).status).toBe(404)
  })

  it('is which settings differ', async () => {
    const [a, b] = [await runNamed('runs/grpo'), await runNamed('runs/lora')]
    const { differences } = await json(`/api/compare?run=${a.id}&run=${b.id}`)
    const method = differences.find(({ key }: { key: string }) => key === 'entropy.method')
    expect(method.values).toEqual(['["clip-v","adaptive-entropy","clip-cov"]', '"clip-b"'])
    cpSync(join(runs, 'grpo'), join(runs, 'again'), { recursive: true })
    const again = await until(() => runNamed('runs/again'))
    const { parts } = await json(`/api/compare?run=${a.id}&run=${again.id}`)
    expect(parts.map(({ title }: { title: string }) => title)).toEqual(['Avg@K and Pass@K', 'Tests of the differences'])
    expect(parts[1].markup).toContain('runs/again')
    rmSync(join(runs, 'again'), { recursive: true })
  })

  it('is nothing outside the directories', async () => {
    cpSync('test/fixtures/runs/before/grpo', join(root, 'outside'), { recursive: true })
    symlinkSync(join(root, 'outside'), join(runs, 'link'))
    await new Promise((resolve) => setTimeout(resolve, 2500))
    expect(await runNamed('runs/link')).toBeUndefined()
    for (const path of [
      '/assets/../server.js',
      '/assets/%2e%2e/server.js',
      '/run/..%2f..%2fetc%2fpasswd/rollouts',
      '/api/runs/..%2f..',
    ]) {
      const { status, body } = await get(path)
      expect(body).not.toContain('watchRuns')
      expect([200, 404]).toContain(status)
      if (status === 200) expect(body).toContain('<title>isentrope watch</title>')
    }
  })
})

describe('what changes', () => {
  it('appears by itself: a new directory, a step, and a run that was cut', async () => {
    mkdirSync(join(root, 'later'))
    cpSync('test/fixtures/runs/before/lora', join(root, 'later', 'copied'), { recursive: true })
    const { id } = await until(() => runNamed('later/copied'))
    const metrics = join(root, 'later', 'copied', 'metrics.jsonl')
    appendFileSync(metrics, '{"step":3,"reward_mean":0.9,"entropy_nats":1}\n{"step":4,"rewa')
    await until(async () => ((await runNamed('later/copied')).step === 3 ? true : undefined))
    const { generation, columns } = (await json(`/api/runs/${id}?from=2`)).series
    expect(columns).toMatchObject({ step: [3], reward_mean: [0.9] })
    writeFileSync(metrics, '{"step":1,"reward_mean":0.1,"entropy_nats":2}\n')
    const cut = await until(async () => {
      const { series } = await json(`/api/runs/${id}`)
      return series.generation > generation ? series : undefined
    })
    expect(cut.columns.step).toEqual([1])
  })

  it('is what is wrong with a run, as long as it is', async () => {
    cpSync('test/fixtures/runs/before/lora', join(runs, 'idle'), { recursive: true })
    const lines = (count: number, share: number) =>
      Array.from({ length: count }, (_, i) =>
        JSON.stringify({ step: i + 1, reward_mean: i % 2, reward_std: 0.5, zero_signal_fraction: share }),
      ).join('\n')
    writeFileSync(join(runs, 'idle', 'metrics.jsonl'), `${lines(20, 1)}\n`)
    const { id } = await until(async () => {
      const run = await runNamed('runs/idle')
      return run?.step === 20 ? run : undefined
    })
    expect((await runNamed('runs/idle')).concerns).toEqual(['equal rewards in every group'])
    expect((await json(`/api/runs/${id}`)).concerns[0].text).toContain('groups had equal rewards for 20 steps')
    appendFileSync(join(runs, 'idle', 'metrics.jsonl'), '{"step":21,"zero_signal_fraction":0.5}\n')
    await until(async () => ((await runNamed('runs/idle')).concerns.length === 0 ? true : undefined))
    rmSync(join(runs, 'idle'), { recursive: true })
  })

  it('is told to whoever listens', async () => {
    const heard = new Promise<string>((resolve, reject) => {
      const sent = request(
        { host: '127.0.0.1', port: watch.port, path: '/events', headers: { cookie } },
        (response) => {
          response.setEncoding('utf8')
          response.on('data', (part: string) => {
            if (part.includes('event: changed')) {
              resolve(part)
              sent.destroy()
            }
          })
        },
      )
      sent.on('error', (error) => (error.message === 'socket hang up' ? undefined : reject(error)))
      sent.end()
    })
    await new Promise((resolve) => setTimeout(resolve, 300))
    appendFileSync(join(runs, 'grpo', 'metrics.jsonl'), '{"step":3,"reward_mean":0.9}\n')
    expect(await heard).toContain((await runNamed('runs/grpo')).id)
  })
})

it('says that a port is taken', async () => {
  await expect(watchRuns({ directories: [runs], port: watch.port })).rejects.toMatchObject({
    name: 'UserError',
    message: expect.stringContaining('the port is taken'),
  })
})
