import { Writable } from 'node:stream'
import fc from 'fast-check'
import pc from 'picocolors'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { fakeStepMetrics } from '../../../../test/fake-run.js'
import type { EvalMetrics, StepMetrics, TrainEvent } from '../../../train/events.js'
import { HealthWatch } from '../../../train/health/health.js'
import type { SftStepMetrics } from '../../../train/sft/events.js'
import { visibleLength } from '../table.js'
import { type PanelState, renderPanel } from './live.js'
import { createTrainPanel } from './panel.js'
import { plainHeader, plainLine } from './plain.js'
import { sftView, trainView } from './view.js'

const evaluation: EvalMetrics = {
  step: 10,
  samples: 8,
  problems: 50,
  avg_at_k: 0.4125,
  pass_at_k: 0.74,
  entropy_nats: 0.8,
  pass_histogram: [0.5, 0.5],
  completion_length_mean: 12,
}

function fakeStream(columns?: number) {
  let text = ''
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk
      done()
    },
  }) as unknown as NodeJS.WriteStream
  if (columns !== undefined) Object.assign(stream, { columns, rows: 40, isTTY: true })
  return { stream, text: () => text }
}

/** The sequences "select graphic rendition", which set colours. */
function sgr(text: string): string[] {
  return text.split('\x1b[').filter((part) => /^[\d;]*m/.test(part))
}

function step(number: number): TrainEvent {
  return {
    type: 'step',
    metrics: fakeStepMetrics(number, { grad_norm: 1.234, masked_low_fraction: 0.01 }),
    rollouts: [],
  }
}

afterEach(() => {
  vi.unstubAllEnvs()
  vi.useRealTimers()
})

describe('without a terminal', () => {
  const options = { isTty: false, totalSteps: 40, title: 'run' }

  it('writes an aligned line a step and a header every 20', () => {
    const { stream, text } = fakeStream()
    const panel = createTrainPanel(stream, options)
    for (let i = 1; i <= 21; i++) panel.onEvent(step(i))
    panel.close()
    const lines = text().trimEnd().split('\n')
    // 21 steps and two headers of two lines.
    expect(lines).toHaveLength(25)
    expect(lines[0]).toBe(plainHeader(trainView).split('\n')[0])
    expect(lines[22]).toBe(lines[0])
    expect(new Set(lines.filter((line) => line.includes('/40')).map((line) => line.length)).size).toBe(1)
    expect(text()).not.toContain('\x1b')
  })

  it('writes what is absent as a dash', () => {
    expect(plainLine(trainView, fakeStepMetrics(1), 40, undefined)).toBe(
      '     1/40   0.100    1.000       –     –       –     5.0      20      –        –',
    )
    expect(plainLine(trainView, fakeStepMetrics(1, { reward_mean: Number.NaN }), 40, 61)).toContain('–')
  })

  it('writes evaluations and warnings where they happen', () => {
    const { stream, text } = fakeStream()
    const panel = createTrainPanel(stream, options)
    panel.onEvent({ type: 'eval', metrics: evaluation })
    panel.onEvent({ type: 'warning', step: 3, message: 'top-p\x1b[2J cuts\nmass' })
    panel.onEvent({ type: 'warning', step: 3, message: 'step 3: the loss is not finite' })
    expect(text()).toBe(
      'held out at step 10: Avg@8 0.412, Pass@8 0.740, entropy 0.8 nats, 50 problems\n' +
        'warning at step 3: top-p cuts\n  mass\nwarning at step 3: the loss is not finite\n',
    )
  })

  it('is what a dumb terminal gets too', () => {
    vi.stubEnv('TERM', 'dumb')
    const { stream, text } = fakeStream(80)
    const panel = createTrainPanel(stream, { ...options, isTty: true })
    panel.onEvent(step(1))
    panel.close()
    expect(text()).not.toContain('\x1b')
    expect(text()).toContain('1/40')
  })
})

describe('on a terminal', () => {
  const options = { isTty: true, totalSteps: 40, title: 'run' }

  function play(columns: number): string {
    vi.stubEnv('TERM', 'xterm-256color')
    const { stream, text } = fakeStream(columns)
    const panel = createTrainPanel(stream, options)
    panel.onEvent({ type: 'phase', step: 1, phase: 'rollout', done: 4, total: 32 })
    panel.onEvent(step(1))
    panel.onEvent({ type: 'warning', step: 1, message: 'look here' })
    panel.onEvent({ type: 'eval', metrics: evaluation })
    panel.close()
    panel.close()
    panel.onEvent(step(2))
    return text()
  }

  it('keeps warnings above the panel and ends with its last state', () => {
    vi.stubEnv('NO_COLOR', '')
    const text = play(80)
    expect(text.indexOf('look here')).toBeGreaterThan(-1)
    expect(text.lastIndexOf('step 1/40')).toBeGreaterThan(text.indexOf('look here'))
    expect(text).not.toContain('step 2/40')
    expect(sgr(text)).not.toEqual([])
  })

  it('respects NO_COLOR', () => {
    vi.stubEnv('NO_COLOR', '1')
    // Cursor movements remain; no "select graphic rendition".
    expect(sgr(play(80))).toEqual([])
  })

  it('leaves the terminal to others until its first event, and beside it on demand', () => {
    vi.useFakeTimers()
    const { stream, text } = fakeStream(80)
    const panel = createTrainPanel(stream, options)
    vi.advanceTimersByTime(5_000)
    panel.aside(() => stream.write('runs/first\n'))
    expect(text()).toBe('runs/first\n')
    panel.onEvent({ type: 'phase', step: 1, phase: 'rollout', done: 4, total: 32 })
    vi.advanceTimersByTime(200)
    const before = text().length
    panel.aside(() => stream.write('stopping\n'))
    const [erasing, redrawn] = text().slice(before).split('stopping\n')
    // The frame (title, step, phase) and the line that the cursor is on: "erase line" for each, none beside the word.
    expect(erasing!.split('\x1b[2K').length - 1).toBe(4)
    expect(redrawn).toContain('step 0/40')
    panel.close()
    const closed = text()
    panel.aside(() => stream.write('over\n'))
    expect(text()).toBe(`${closed}over\n`)
  })

  it('leaves nothing where nothing happened', () => {
    const { stream, text } = fakeStream(80)
    createTrainPanel(stream, options).close()
    expect(text()).toBe('')
  })

  it('redraws for a new width and stops listening when closed', () => {
    vi.useFakeTimers()
    const { stream, text } = fakeStream(100)
    const panel = createTrainPanel(stream, options)
    panel.onEvent(step(1))
    vi.advanceTimersByTime(200)
    const before = text().length
    stream.columns = 50
    stream.emit('resize')
    const drawn = text().slice(before)
    expect(drawn).toContain('step 1/40')
    panel.close()
    expect(stream.listenerCount('resize')).toBe(0)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('renderPanel', () => {
  const state: PanelState<StepMetrics, EvalMetrics> = {
    title: 'grpo with clip-b on a model with a rather long name that does not fit every terminal',
    totalSteps: 1200,
    curves: [Array.from({ length: 300 }, (_, i) => i), Array.from({ length: 300 }, (_, i) => -i)],
    metrics: fakeStepMetrics(300, {
      masked_low_fraction: 0.01,
      masked_high_fraction: 0.002,
      ppo_clip_fraction: 0.1,
      grad_norm: 1e9,
      train_tokens_per_s: 1922,
    }),
    phase: { type: 'phase', step: 301, phase: 'checkpoint', done: 3, total: 4 },
    heldOut: evaluation,
    secondsGone: 1e5,
    secondsLeft: 3e5,
    closed: false,
  }

  it('shows what was asked for', () => {
    const text = renderPanel(trainView, state, 80, pc.createColors(false)).join('\n')
    for (const part of ['step 300/1200', '3d 11h left', 'checkpoint', '3/4', 'reward', 'nats', 'masked    1.2 %']) {
      expect(text).toContain(part)
    }
    for (const part of [
      'PPO clip  10.0 %',
      'grad norm 1e9',
      '1.9k tok/s',
      'Avg@8 0.412, Pass@8 0.740 at step 10',
      '█',
    ]) {
      expect(text).toContain(part)
    }
  })

  it('fits any width', () => {
    fc.assert(
      fc.property(fc.integer({ min: 17, max: 300 }), fc.boolean(), (columns, closed) => {
        for (const line of renderPanel(trainView, { ...state, closed }, columns, pc.createColors(true))) {
          expect(visibleLength(line)).toBeLessThan(columns)
        }
      }),
    )
  })

  it('leaves out what does not apply', () => {
    const text = renderPanel(
      trainView,
      { ...state, metrics: fakeStepMetrics(1), heldOut: undefined },
      80,
      pc.createColors(false),
    ).join('\n')
    for (const part of ['masked', 'PPO clip', 'grad norm', 'training', 'held out']) expect(text).not.toContain(part)
  })

  it('knows where a resumed run begins', () => {
    const [, progress] = renderPanel(trainView, { ...state, metrics: undefined }, 80, pc.createColors(false))
    expect(progress).toContain('step 300/1200')
  })

  it('says how a run ended', () => {
    const at = (metrics: PanelState<StepMetrics, EvalMetrics>['metrics']) =>
      renderPanel(trainView, { ...state, metrics, closed: true }, 80, pc.createColors(false))[1]
    expect(at(fakeStepMetrics(1200))).toContain('done in 1d 04h')
    expect(at(state.metrics)).toContain('stopped after 1d 04h')
  })
})

describe('the view of a supervised run', () => {
  const metrics: SftStepMetrics = {
    step: 3,
    time: '2026-01-01T00:00:00.000Z',
    epoch: 0.25,
    loss: 1.2341,
    token_accuracy: 0.7,
    entropy_nats: 1.1,
    grad_norm: 2,
    lr: 2e-5,
    examples: 16,
    dropped_examples: 0,
    truncated_examples: 0,
    target_tokens: 900,
    tokens: 2000,
    rss_bytes: 1,
  }

  it('has a plain line', () => {
    expect(plainHeader(sftView).split('\n')[0]).toContain('accuracy')
    expect(plainLine(sftView, metrics, 12, undefined)).toBe(
      '     3/12   0.25   1.234      70.0    1.100       2   2.0e-5     900      –        –',
    )
  })

  it('has a panel that leaves out what a skipped update has not', () => {
    const panel = (line: SftStepMetrics) =>
      renderPanel(
        sftView,
        {
          title: 'warm',
          totalSteps: 12,
          curves: [
            [2, 1],
            [1, 1],
          ],
          metrics: line,
          secondsGone: 1,
          closed: false,
        },
        80,
        pc.createColors(false),
      ).join('\n')
    expect(panel(metrics)).toContain('accuracy  70.0 %')
    const { token_accuracy, grad_norm, ...skipped } = metrics
    expect(panel(skipped)).not.toContain('accuracy')
  })
})

describe('a run that learns nothing', () => {
  const equal = (number: number): TrainEvent => ({
    type: 'step',
    metrics: fakeStepMetrics(number, { reward_mean: number % 2, zero_signal_fraction: 1 }),
    rollouts: [],
  })

  it('says so below the figures while it stands, and no more when it does not', () => {
    vi.useFakeTimers()
    const { stream, text } = fakeStream(80)
    const health = new HealthWatch({ groups: 8, steps: 40 })
    for (let past = 1; past <= 10; past++) health.after({ step: past, reward_mean: past % 2, zero_signal_fraction: 1 })
    const panel = createTrainPanel(stream, { isTty: true, totalSteps: 40, title: 'run', health })
    const frame = (event: TrainEvent) => {
      const before = text().length
      panel.onEvent(event)
      vi.advanceTimersByTime(200)
      return text().slice(before)
    }
    for (let step = 11; step < 20; step++) expect(frame(equal(step))).not.toContain('equal rewards')
    expect(frame(equal(20))).toContain('! 8 of 8 groups had equal rewards for 20 steps')
    expect(frame(equal(21))).toContain('21 steps')
    panel.onEvent({ ...equal(22), metrics: fakeStepMetrics(22, { zero_signal_fraction: 0.5 }) } as TrainEvent)
    const before = text().length
    vi.advanceTimersByTime(2000)
    expect(text().slice(before)).not.toContain('equal rewards')
    panel.close()
  })
})
