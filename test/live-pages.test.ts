/** The live pages in a real browser. Skipped where there is no Chromium: set CHROMIUM to its path, or install it. */
import { spawn } from 'node:child_process'
import { appendFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tokenDecoder } from '../src/cli/token-decoder.js'
import { type Watch, watchRuns } from '../src/report/live/server.js'
import { writeComparisonReport } from '../src/report/pages/compare/page.js'
import { writeRunReport } from '../src/report/pages/run/run.js'
import { tokenPage } from '../src/report/pages/token-page.js'

const browserPath = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && existsSync(path))

describe.skipIf(browserPath === undefined)('the live pages', () => {
  const root = mkdtempSync(join(tmpdir(), 'live-'))
  let watch: Watch
  let browser: Browser
  let page: Page
  let origin: string
  const complaints: string[] = []

  beforeAll(async () => {
    cpSync('test/fixtures/runs/before', root, { recursive: true })
    watch = await watchRuns({ directories: [root], decoderOf: tokenDecoder })
    browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox'] })
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    origin = new URL(watch.url).origin
    await page.goto(watch.url)
  })
  afterAll(async () => {
    await browser?.close()
    await watch?.close()
    rmSync(root, { recursive: true })
  })

  const idOf = async (name: string): Promise<string> => {
    const runs = await (await page.request.get(`${origin}/api/runs`)).json()
    return runs.find((run: { name: string }) => run.name === name).id
  }

  it('list the runs, leave the token out of the address, filter, sort, and choose', async () => {
    await page.waitForSelector('table.list')
    expect(page.url()).not.toContain('token')
    expect(await page.locator('tbody tr').count()).toBe(3)
    await page.getByRole('searchbox').fill('gspo')
    await expect.poll(() => page.locator('tbody th').allTextContents()).toEqual(['ppo'])
    await page.getByRole('searchbox').fill('')
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await expect.poll(() => page.locator('tbody th').allTextContents()).toEqual(['grpo', 'lora', 'ppo'])
    await page.getByLabel('choose grpo').check()
    await page.getByLabel('choose lora').check()
    await page.getByRole('button', { name: 'Compare 2 runs' }).click()
    await page.waitForSelector('.curve canvas')
    await expect.poll(() => page.locator('main th', { hasText: 'entropy.method' }).count()).toBe(1)
  })

  it('draw what metrics.jsonl says, and a new step by themselves', async () => {
    await page.goto(`${origin}/run/${await idOf('lora')}`)
    await page.waitForSelector('.curve canvas')
    const metrics = join(root, 'lora', 'metrics.jsonl')
    const last = JSON.parse(readFileSync(metrics, 'utf8').trimEnd().split('\n').at(-1)!)
    const reward = page.locator('figure[data-key="Pinned:reward_mean"] output')
    expect(Number(await reward.textContent())).toBeCloseTo(last.reward_mean, 3)
    appendFileSync(metrics, `${JSON.stringify({ ...last, step: 3, reward_mean: 0.8125 })}\n`)
    await expect.poll(() => reward.textContent(), { timeout: 10_000 }).toBe('0.8125')
    await page.getByRole('searchbox').fill('no such metric')
    await expect.poll(() => page.locator('.curve').count()).toBe(0)
  })

  it('show the numbers of the Parquet files, token by token', async () => {
    const file = await asyncBufferFromFile(join(root, 'grpo', 'rollouts', 'step-000001.parquet'))
    const rows = (await parquetReadObjects({ file })) as Record<string, never>[]
    await page.goto(`${origin}/run/${await idOf('grpo')}/rollouts?where=step%20%3D%201`)
    await page.waitForSelector('table.list')
    expect(await page.locator('tbody tr').count()).toBe(rows.length)
    await page.locator('tbody a').first().click()
    await page.waitForSelector('.tokens .t')
    const { s, expected_s, entropy, grad_mask } = rows[0] as Record<string, number[]>
    expect(await page.locator('.tokens .t').count()).toBe(s!.length)
    expect(await page.locator('.tokens .t.m').count()).toBe(grad_mask!.filter((flows) => !flows).length)
    await page.locator('.tokens').focus()
    await page.keyboard.press('ArrowRight')
    const numbers = (await page.locator('dl.facts dd').allTextContents()).map((text) => text.replaceAll('−', '-'))
    expect(numbers[0]).toMatch(/^2 of /)
    expect(Number.parseFloat(numbers[2]!)).toBeCloseTo(entropy![1]!, 3)
    expect(Number.parseFloat(numbers[4]!)).toBeCloseTo(s![1]! - expected_s![1]!, 4)
  })

  it('say what is wrong with a query', async () => {
    await page.goto(`${origin}/run/${await idOf('grpo')}/rollouts`)
    await page.getByLabel('Where (SQL)').fill('rewar > 1')
    complaints.length = 0
    await page.getByRole('button', { name: 'Show' }).click()
    await expect.poll(() => page.locator('#state').textContent()).toContain('"rewar" not found')
    // The browser logs the answer's status; that is no fault of the page.
    complaints.splice(0, complaints.length, ...complaints.filter((text) => !text.includes('status of 400')))
  })

  it('hold 10,000 steps of 100 metrics', async () => {
    const big = join(root, 'big')
    cpSync('test/fixtures/runs/before/lora', big, { recursive: true })
    const keys = Array.from({ length: 95 }, (_, i) => [`reward/part${i}`, i] as const)
    const lines = Array.from({ length: 10_000 }, (_, step) => {
      const numbers = Object.fromEntries(keys.map(([key, i]) => [key, Math.sin(step / 100 + i)]))
      return `${JSON.stringify({ step: step + 1, reward_mean: step % 1000 === 500 ? 9 : Math.cos(step / 500), entropy_nats: 1, ...numbers })}\n`
    })
    writeFileSync(join(big, 'metrics.jsonl'), lines.join(''))
    await expect.poll(() => idOf('big').catch(() => undefined), { timeout: 10_000 }).toBeDefined()
    await page.goto(`${origin}/run/${await idOf('big')}`)
    await page.waitForSelector('.curve canvas')
    // A spike of one step survives the thinning.
    const drawn = await page.locator('.curve canvas').count()
    expect(drawn).toBeLessThan(30)
    await page.getByLabel('Smoothing').selectOption('10')
    await page.getByRole('searchbox').fill('part7')
    await expect.poll(() => page.locator('.curve').count()).toBe(11)
  })

  it('share a zoom, which the address keeps, and answer to the keyboard', async () => {
    await page.goto(`${origin}/run/${await idOf('big')}`)
    await page.waitForSelector('.curve canvas')
    const place = page.locator('figure[data-key="Pinned:reward_mean"] .u-over')
    const { x, y, width, height } = (await place.boundingBox())!
    await page.mouse.move(x + width * 0.25, y + height / 2)
    await page.mouse.down()
    await page.mouse.move(x + width * 0.5, y + height / 2, { steps: 5 })
    await page.mouse.up()
    const zoom = () => new URL(page.url()).searchParams.get('zoom')?.split('~').map(Number) ?? []
    await expect.poll(() => zoom().length).toBe(2)
    const [from, to] = zoom()
    expect(from).toBeGreaterThan(2300)
    expect(from).toBeLessThan(2700)
    expect(to).toBeGreaterThan(4800)
    expect(to).toBeLessThan(5200)
    // The other figure shows the same stretch, and so does whoever opens the link.
    const at = () => page.locator('figure[data-key="Pinned:entropy_nats"] .at').textContent()
    const step = async () => Number((await at())!.replace('step ', ''))
    await page.goto(page.url())
    await page.waitForSelector('.curve canvas')
    expect(zoom()).toEqual([from, to])
    const plot = page.locator('figure[data-key="Pinned:entropy_nats"] .plot')
    await plot.focus()
    await page.keyboard.press('Home')
    await expect.poll(step).toBeLessThan(from! + 50)
    const before = await step()
    await page.keyboard.press('ArrowRight')
    await expect.poll(step).toBeGreaterThan(before)
    expect(await page.locator('#spoken').textContent()).toContain('step')
    await page.keyboard.press('Escape')
    await expect.poll(() => zoom().length).toBe(0)
  })

  it('offer all numbers as CSV and a figure as a picture', async () => {
    await page.goto(`${origin}/run/${await idOf('grpo')}`)
    await page.waitForSelector('.curve canvas')
    const saved = async (name: string) => {
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name }).first().click(),
      ])
      return readFileSync(await download.path())
    }
    const [head, ...lines] = (await saved('CSV of all metrics')).toString().split('\n')
    const metrics = readFileSync(join(root, 'grpo', 'metrics.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    const column = head!.split(',').indexOf('grad_norm')
    lines.forEach((line, i) => {
      expect(Number(line.split(',')[column])).toBeCloseTo(metrics[i].grad_norm, 4)
    })
    expect(lines).toHaveLength(metrics.length)
    expect((await saved('PNG of Reward')).subarray(1, 4).toString()).toBe('PNG')
  })

  it('show what controls a run, and its ledger', async () => {
    await page.goto(`${origin}/run/${await idOf('grpo')}/control`)
    await page.waitForSelector('.curve canvas')
    const last = JSON.parse(
      readFileSync(join(root, 'grpo', 'metrics.jsonl'), 'utf8')
        .trimEnd()
        .split('\n')
        .at(-1)!,
    )
    const tile = page.locator('dl.tiles > div', { hasText: 'Entropy now' }).locator('.value')
    expect(Number.parseFloat((await tile.textContent())!)).toBeCloseTo(last.entropy_nats, 2)
    const target = page.locator('figure[data-key$=":entropy-target"] .legend output')
    const shown = (await target.allTextContents()).map(Number)
    expect(shown[0]).toBeCloseTo(last.entropy_nats, 3)
    expect(shown[1]).toBeCloseTo(last.entropy_target, 3)
    expect(await page.locator('.part', { hasText: 'A > 0, Sc > 0' }).count()).toBe(1)
  })

  it('filter completions as the Parquet files have them, and show a group side by side', async () => {
    const rows: Record<string, unknown>[] = []
    for (const step of [1, 2]) {
      const file = await asyncBufferFromFile(join(root, 'grpo', 'rollouts', `step-00000${step}.parquet`))
      rows.push(...((await parquetReadObjects({ file })) as Record<string, unknown>[]))
    }
    const length = (row: Record<string, unknown>) => (row.tokens as number[]).length
    const mask = (row: Record<string, unknown>) => (row.grad_mask as boolean[]).filter((flows) => !flows).length
    await page.goto(`${origin}/run/${await idOf('grpo')}/rollouts`)
    await page.waitForSelector('table.list')
    const told = page.locator('main [role="status"]')
    const count = async (expected: number) =>
      expect
        .poll(() => told.textContent())
        .toBe(expected === 0 ? 'No completion fits.' : `1 to ${expected} of ${expected}`)
    await count(rows.length)
    await page.getByLabel('Length (tokens), to').fill('7')
    await page.keyboard.press('Enter')
    await count(rows.filter((row) => length(row) <= 7).length)
    await page.getByLabel('Masked share, from').fill('0.2')
    await page.keyboard.press('Enter')
    await count(rows.filter((row) => length(row) <= 7 && mask(row) / length(row) >= 0.2).length)
    expect(page.url()).toContain('masked_share_min=0.2')
    await page.getByRole('link', { name: 'Clear' }).click()
    await page.waitForSelector('table.list')
    await page.getByRole('button', { name: 'masked (tokens)' }).click()
    const column = async (title: string) => {
      const at = (await page.locator('thead th').allTextContents()).indexOf(title)
      return page.locator(`tbody td:nth-child(${at + 1})`).allTextContents()
    }
    const most = Math.max(...rows.map(mask))
    await expect.poll(async () => Number((await column('masked (tokens)'))[0])).toBe(most)
    await page
      .getByRole('link', { name: /^group of/ })
      .first()
      .click()
    await page.waitForSelector('.cards article')
    const query = new URL(page.url()).searchParams
    const group = rows.filter((row) => String(row.step) === query.get('step') && row.prompt_id === query.get('prompt'))
    expect(await page.locator('.cards article').count()).toBe(group.length)
    expect(await page.locator('.cards .t.m').count()).toBe(group.reduce((sum, row) => sum + mask(row), 0))
  })

  it('show the distribution of a step, from which a bar leads to its tokens', async () => {
    const file = await asyncBufferFromFile(join(root, 'grpo', 'rollouts', 'step-000001.parquet'))
    const [row, ...others] = (await parquetReadObjects({ file })) as Record<string, never>[]
    const total = [row!, ...others].reduce((sum, { tokens }) => sum + (tokens as number[]).length, 0)
    const query = new URLSearchParams({ step: '1', prompt: row!.prompt_id!, sample: String(row!.sample), of: 'step' })
    await page.goto(`${origin}/run/${await idOf('grpo')}/tokens?${query}`)
    await page.waitForSelector('.histogram .bar')
    expect(await page.locator('.histogram').getAttribute('aria-label')).toContain(`${total} tokens`)
    await page.locator('.histogram .bar').first().focus()
    await page.keyboard.press('Enter')
    await page.waitForSelector('.found a')
    const listed = (await page.locator('.found li').first().textContent())!.replaceAll('−', '-')
    await page.locator('.found a').first().click()
    await page.waitForSelector('dl.facts dd')
    const Sc = (await page.locator('dl.facts dd').allTextContents())[4]!.replaceAll('−', '-')
    expect(Number.parseFloat(Sc)).toBeCloseTo(Number(/” (-?[\d.e-]+),/.exec(listed)![1]), 4)
  })

  it('recompute what else the policy might have said, when asked', async () => {
    const query = 'step=2&sample=0&alternatives=1'
    const answer = await page.request.get(
      `${origin}/api/runs/${await idOf('grpo')}/rollouts?where=step%20%3D%202&limit=1`,
    )
    const { prompt_id: prompt } = (await answer.json()).rows[0]
    await page.goto(`${origin}/run/${await idOf('grpo')}/tokens?${query}&prompt=${encodeURIComponent(prompt)}`)
    await page.waitForSelector('.alternatives tbody tr', { timeout: 60_000 })
    expect(await page.locator('.alternatives tbody tr').count()).toBe(10)
    const shares = await page.locator('.alternatives tbody td:nth-child(2)').allTextContents()
    expect(shares.map(Number)).toEqual(shares.map(Number).toSorted((a, b) => b - a))
    expect(await page.locator('.alternatives').textContent()).toContain(
      'the checkpoint of step 2, the nearest that is saved',
    )
  }, 90_000)

  it('have no violation that axe knows of, in the light and in the dark', async () => {
    const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
    const [grpo, lora] = [await idOf('grpo'), await idOf('lora')]
    const answer = await page.request.get(`${origin}/api/runs/${lora}/rollouts?where=step%20%3D%201&limit=1`)
    const prompt = encodeURIComponent((await answer.json()).rows[0].prompt_id)
    const report = await writeRunReport(join(root, 'grpo'), { out: join(root, 'report.html') })
    const runs = ['grpo', 'lora'].map((name) => ({ directory: join(root, name) }))
    const compared = await writeComparisonReport(runs, join(root, 'compare.html'), {
      title: 'Two',
      intro: 'Runs',
      notes: ['A note'],
    })
    const scored = join(root, 'tokens.html')
    const token = { id: 1, text: 'a', logprob: -1, entropy: 1, s: 0.2, expectedS: 0.1 }
    const text = { title: 'Input 1', facts: ['1 token'], tokens: [token] }
    writeFileSync(scored, tokenPage([text], { title: 'Scores', subtitle: 'Of one text', count: 1 }))
    const pages: [string, string][] = [
      ['/', 'table.list'],
      [`/run/${grpo}`, '.curve canvas'],
      [`/compare?run=${grpo}&run=${lora}&band=1`, '.curve canvas'],
      [`/run/${grpo}/control`, '.part'],
      [`/run/${lora}/rollouts`, 'table.list'],
      [`/run/${lora}/rollouts?view=group&step=1&prompt=${prompt}`, '.cards article'],
      [`/run/${lora}/tokens?step=1&sample=0&of=step&by=s&prompt=${prompt}`, '.histogram .bar'],
      [`file://${report}`, '.group:not([hidden]) .strip'],
      [`file://${scored}`, '.strip'],
      [`file://${compared}`, '.group:not([hidden]) .strip'],
    ]
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      for (const [path, ready] of pages) {
        await page.goto(path.startsWith('file:') ? path : origin + path)
        await page.waitForSelector(ready)
        await page.evaluate(axe)
        const found = (await page.evaluate('axe.run(document)')) as {
          violations: { id: string; nodes: { html: string }[] }[]
        }
        expect({ path, found: found.violations.map(({ id, nodes }) => [id, nodes[0]!.html]) }).toEqual({
          path,
          found: [],
        })
      }
    }
    await page.emulateMedia({ colorScheme: 'light' })
  }, 240_000)

  it('are closed to whoever has no token, and run no script of elsewhere', async () => {
    const stranger = await browser.newContext()
    const other = await stranger.newPage()
    expect((await other.goto(`${origin}/`))!.status()).toBe(403)
    expect(await other.locator('script').count()).toBe(0)
    await stranger.close()
    await page.goto(`${origin}/`)
    await page.waitForSelector('table.list')
    const refused: string[] = []
    page.on('console', (message) => message.type() === 'error' && refused.push(message.text()))
    await page.evaluate(`
      const script = document.createElement('script')
      script.textContent = 'globalThis.injected = true'
      const picture = document.createElement('img')
      picture.src = 'http://127.0.0.1:9/picture.png'
      document.body.append(script, picture)
    `)
    await expect.poll(() => refused.length).toBeGreaterThanOrEqual(2)
    expect(refused.join()).toContain('Content Security Policy')
    expect(await page.evaluate(`'injected' in globalThis`)).toBe(false)
    complaints.length = 0
  })

  it('print every figure of a run', async () => {
    await page.goto(`${origin}/run/${await idOf('grpo')}`)
    await page.waitForSelector('.curve canvas')
    const figures = await page.locator('.curve').count()
    expect(await page.locator('.curve canvas').count()).toBeLessThan(figures)
    await page.evaluate(`dispatchEvent(new Event('beforeprint'))`)
    expect(await page.locator('.curve canvas').count()).toBe(figures)
  })

  it('fit any screen from 360 pixels to 4K', async () => {
    await page.emulateMedia({ colorScheme: 'dark' })
    const grpo = await idOf('grpo')
    const answer = await page.request.get(`${origin}/api/runs/${grpo}/rollouts?where=step%20%3D%201&limit=1`)
    const prompt = encodeURIComponent((await answer.json()).rows[0].prompt_id)
    const paths = [
      '/',
      `/run/${grpo}`,
      `/run/${grpo}/control`,
      `/run/${grpo}/rollouts`,
      `/run/${grpo}/rollouts?view=group&step=1&prompt=${prompt}`,
      `/run/${grpo}/tokens?step=1&sample=0&of=step&prompt=${prompt}`,
    ]
    for (const [width, height] of [
      [360, 800],
      [3840, 2160],
    ] as const) {
      await page.setViewportSize({ width, height })
      for (const path of paths) {
        await page.goto(origin + path)
        await page.waitForSelector('main table, main canvas, .cards article, .histogram .bar')
        const { scroll, client } = await page.locator('html').evaluate(({ scrollWidth, clientWidth }) => ({
          scroll: scrollWidth,
          client: clientWidth,
        }))
        expect({ path, wider: scroll > client }).toEqual({ path, wider: false })
      }
    }
  })

  it('follow a run while it trains', async () => {
    const sets = [
      'train.steps=4',
      'rollout.promptsPerStep=2',
      'rollout.samplesPerPrompt=2',
      'eval.problems=2',
      'eval.every=4',
    ]
    const real = join(root, 'real')
    await page.setViewportSize({ width: 1280, height: 900 })
    await page.goto(`${origin}/`)
    await page.waitForSelector('table.list')
    const child = spawn(process.execPath, [
      'bin/isentrope.js',
      'train',
      'quickstart/clip-v.yaml',
      '--run',
      real,
      ...sets.flatMap((set) => ['--set', set]),
    ])
    const ended = new Promise((resolve) => child.on('close', resolve))
    try {
      // The run comes into the table, and its page counts the steps, without a reload.
      const row = page.locator('tbody tr', { hasText: 'real' })
      await row.getByRole('link').click({ timeout: 60_000 })
      const subtitle = page.locator('#subtitle')
      await expect.poll(() => subtitle.textContent(), { timeout: 60_000 }).toMatch(/^finished, step 4 of 4/)
      expect(await ended).toBe(0)
      const last = JSON.parse(readFileSync(join(real, 'metrics.jsonl'), 'utf8').trimEnd().split('\n').at(-1)!)
      const entropy = page.locator('figure[data-key="Pinned:entropy_nats"] output')
      await expect.poll(async () => Number(await entropy.textContent())).toBeCloseTo(last.entropy_nats, 3)
    } finally {
      child.kill()
    }
  }, 150_000)

  it('had no error in all of this', () => {
    expect(complaints).toEqual([])
  })
})
