/** Every entropy method, in the order of the docs and of messages. A new one is a file, an import, and an entry here. */
import { adaptiveEntropyMethod } from './adaptive-entropy.js'
import { cispoMethod } from './cispo.js'
import { clipBMethod } from './clip-b.js'
import { clipCovMethod } from './clip-cov.js'
import { clipVMethod } from './clip-v.js'
import { dualClipMethod } from './dual-clip.js'
import { entropyBonusMethod } from './entropy-bonus.js'
import { gspoMethod } from './gspo.js'
import { highEntropyMethod } from './high-entropy.js'
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

export const methods = [
  noneMethod,
  ppoClipMethod,
  dualClipMethod,
  cispoMethod,
  gspoMethod,
  entropyBonusMethod,
  adaptiveEntropyMethod,
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
