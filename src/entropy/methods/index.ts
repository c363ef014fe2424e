/** Every entropy method, in the order of the docs and of messages. A new one is a file, an import, and an entry here. */
import { adaptiveEntropyMethod } from './adaptive-entropy.js'
import { ceGppoMethod } from './ce-gppo.js'
import { cispoMethod } from './cispo.js'
import { clipBMethod } from './clip-b.js'
import { clipCovMethod } from './clip-cov.js'
import { clipVMethod } from './clip-v.js'
import { dppoMethod } from './dppo.js'
import { dualClipMethod } from './dual-clip.js'
import { entrocraftMethod } from './entrocraft.js'
import { entropicMethod } from './entropic.js'
import { entropyBonusMethod } from './entropy-bonus.js'
import { entropyScheduleMethod } from './entropy-schedule.js'
import { ercMethod } from './erc.js'
import { gmpoMethod } from './gmpo.js'
import { gspoMethod } from './gspo.js'
import { highEntropyMethod } from './high-entropy.js'
import { icepopMethod } from './icepop.js'
import { klCovMethod } from './kl-cov.js'
import { maskLoweringMethod } from './mask-lowering.js'
import { maskRaisingMethod } from './mask-raising.js'
import { noneMethod } from './none.js'
import { onlyNegativeLikelyMethod } from './only-negative-likely.js'
import { onlyNegativeUnlikelyMethod } from './only-negative-unlikely.js'
import { onlyPositiveLikelyMethod } from './only-positive-likely.js'
import { onlyPositiveUnlikelyMethod } from './only-positive-unlikely.js'
import { ppoClipMethod } from './ppo-clip.js'
import { probWeightMethod } from './prob-weight.js'
import { quantileAdvantageMethod } from './quantile-advantage.js'
import { sapoMethod } from './sapo.js'
import { stareMethod } from './stare.js'
import { vespoMethod } from './vespo.js'

export const methods = [
  noneMethod,
  ppoClipMethod,
  dualClipMethod,
  cispoMethod,
  gspoMethod,
  gmpoMethod,
  vespoMethod,
  ceGppoMethod,
  sapoMethod,
  dppoMethod,
  icepopMethod,
  ercMethod,
  entropyBonusMethod,
  adaptiveEntropyMethod,
  entropyScheduleMethod,
  entropicMethod,
  entrocraftMethod,
  stareMethod,
  quantileAdvantageMethod,
  highEntropyMethod,
  probWeightMethod,
  clipCovMethod,
  klCovMethod,
  clipBMethod,
  clipVMethod,
  maskLoweringMethod,
  maskRaisingMethod,
  onlyPositiveLikelyMethod,
  onlyPositiveUnlikelyMethod,
  onlyNegativeLikelyMethod,
  onlyNegativeUnlikelyMethod,
] as const
