/** maj@K: the chance that a vote among K of a problem's n samples finds the right answer. */

export interface Vote {
  /** What the sample answers; equal texts are one candidate. null does not vote. */
  answer: string | null
  correct: boolean
}

/** The work grows with the third power of the samples; a binomial coefficient leaves float64 beyond 1029. */
const largestVote = 512

/**
 * maj@K of one problem: K of its n samples are drawn without replacement, each votes for its answer, the most frequent
 * answer wins, and among m that tie each wins with chance 1/m. The expectation is exact: for every right candidate and
 * every number v of votes for it, the ways that all others stay below v or tie are counted by dynamic programming.
 * With K = n this is the plain majority vote. A sample without an answer takes a place but gives no vote.
 */
export function majAtK(votes: readonly Vote[], k: number = votes.length): number {
  const n = votes.length
  if (n > largestVote) throw new RangeError(`a vote among ${n} samples; at most ${largestVote}`)
  if (!Number.isSafeInteger(k) || k < 1 || k > n) {
    throw new RangeError(`K is a whole number from 1 to the ${n} samples of a problem, not ${k}`)
  }
  const { candidates, silent } = count(votes)
  if (k === n) return wholeVote(candidates)
  const choose = binomials(n)
  let favourable = 0
  for (const winner of candidates) {
    if (winner.correct === 0) continue
    const others = candidates.filter((candidate) => candidate !== winner).map(({ size }) => size)
    let won = 0
    for (let v = 1; v <= Math.min(winner.size, k); v++) {
      won += choose(winner.size, v) * sharedWins(others, silent, v, k - v, choose)
    }
    // Where samples of one text were graded differently, the answer is right as often as they were.
    favourable += (won * winner.correct) / winner.size
  }
  return favourable / choose(n, k)
}

/** The vote of all samples: nothing is left to chance but ties. */
function wholeVote(candidates: readonly { size: number; correct: number }[]): number {
  const most = Math.max(0, ...candidates.map(({ size }) => size))
  const leaders = candidates.filter(({ size }) => size === most)
  if (leaders.length === 0) return 0
  return leaders.reduce((sum, { size, correct }) => sum + correct / size, 0) / leaders.length
}

function count(votes: readonly Vote[]) {
  const bins = new Map<string, { size: number; correct: number }>()
  let silent = 0
  for (const { answer, correct } of votes) {
    if (answer === null) {
      silent++
      continue
    }
    const bin = bins.get(answer) ?? { size: 0, correct: 0 }
    bins.set(answer, { size: bin.size + 1, correct: bin.correct + Number(correct) })
  }
  return { candidates: [...bins.values()], silent }
}

/** Sum over ways to draw `rest` samples in which no other candidate has more than v votes, each over 1 + its ties. */
function sharedWins(
  others: readonly number[],
  silent: number,
  v: number,
  rest: number,
  choose: (n: number, k: number) => number,
): number {
  const mostTies = Math.floor(rest / v)
  // ways[ties][drawn]
  let ways = Array.from({ length: mostTies + 1 }, () => new Float64Array(rest + 1))
  for (let drawn = 0; drawn <= Math.min(silent, rest); drawn++) ways[0]![drawn] = choose(silent, drawn)
  for (const size of others) {
    const next = ways.map(() => new Float64Array(rest + 1))
    for (const [ties, row] of ways.entries()) {
      for (let drawn = 0; drawn <= rest; drawn++) {
        if (row[drawn] === 0) continue
        for (let votes = 0; votes <= Math.min(size, v, rest - drawn); votes++) {
          next[ties + Number(votes === v)]![drawn + votes]! += row[drawn]! * choose(size, votes)
        }
      }
    }
    ways = next
  }
  return ways.reduce((sum, row, ties) => sum + row[rest]! / (1 + ties), 0)
}

function binomials(n: number): (n: number, k: number) => number {
  const rows = [[1]]
  for (let i = 1; i <= n; i++) {
    const above = rows[i - 1]!
    rows.push(Array.from({ length: i + 1 }, (_, k) => (above[k - 1] ?? 0) + (above[k] ?? 0)))
  }
  return (a, b) => rows[a]?.[b] ?? 0
}
