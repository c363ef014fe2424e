/** The live pages in a real browser. Skipped where there is no Chromium: set CHROMIUM to its path, or install it. */
import { appendFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tokenDecoder } from '../src/cli/token-decoder.js'
import { type Watch, watchRuns } from '../src/report/live/server.js'

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

  it('fit a narrow screen, in the dark too', async () => {
    await page.setViewportSize({ width: 360, height: 800 })
    await page.emulateMedia({ colorScheme: 'dark' })
    for (const path of ['/', `/run/${await idOf('grpo')}`, `/run/${await idOf('grpo')}/rollouts`]) {
      await page.goto(origin + path)
      await page.waitForSelector('main table, main canvas')
      const { scroll, width } = await page.locator('html').evaluate(({ scrollWidth, clientWidth }) => ({
        scroll: scrollWidth,
        width: clientWidth,
      }))
      expect({ path, wider: scroll > width }).toEqual({ path, wider: false })
    }
  })

  it('had no error in all of this', () => {
    expect(complaints).toEqual([])
  })
})
