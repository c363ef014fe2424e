/** One spelling for what stands around a number: units, currencies, degrees, ordinals, times of day. */

const wrapper = String.raw`\\(?:text|mbox|mathrm|textrm|operatorname)\s?\{\s?`
const known =
  'mm|cm|dm|m|km|in|inches|inch|ft|feet|foot|yd|yards?|mi|miles?|g|kg|mg|lb|lbs|pounds?|oz|ounces?|s|sec|seconds?|min|minutes?|h|hr|hrs|hours?|days?|weeks?|months?|years?|l|L|ml|liters?|litres?|meters?|metres?|dollars?|cents?|euros?|units?|degrees?|people|students|ways|square units|sq units'

const currencies: Readonly<Record<string, string>> = {
  rs: 'rupees',
  inr: 'rupees',
  eur: 'euros',
  euros: 'euros',
  gbp: 'pounds',
  pounds: 'pounds',
  yen: 'yen',
  jpy: 'yen',
  rupees: 'rupees',
}

const amount = String.raw`\d[\d,.{}]*`
const currencyFirst = new RegExp(
  String.raw`^(-?)\s?(?:${wrapper})?(rs|inr|eur|gbp|jpy|yen|euros|pounds|rupees)\.?\s?\}?\s{0,3}(${amount})$`,
  'i',
)

/** `\SI{5}{cm}`, `\num{5}`, `\ang{45}` of siunitx. */
const siunitx = (text: string): string =>
  text
    .replace(/\\(?:SI|qty)\s?\{([^{}]{1,40})\}\s?\{\\?([^{}]{1,40})\}/g, '$1\\text{ $2}')
    .replace(/\\(?:si|unit)\s?\{\\?([^{}]{1,40})\}/g, '\\text{ $1}')
    .replace(/\\num\s?\{([^{}]{1,60})\}/g, '$1')
    .replace(/\\ang\s?\{([^{};]{1,40})\}/g, '$1^\\circ ')

const circle = String.raw`\^\s?\{?\s?\\(?:circ|degree)(?![A-Za-z])\s?\}?\s?`
const prime = String.raw`(?:'|\^\s?\{?\s?\\prime\s?\}?)`
const minutes = new RegExp(
  String.raw`(\d+)\s?${circle}\s?(\d{1,2})\s?${prime}(?:\s?(\d{1,2})\s?(?:"|''|\^\s?\{?\s?\\prime\s?\\prime\s?\}?))?(?!')`,
  'g',
)

const degrees = (text: string): string =>
  text
    .replace(minutes, (_, whole: string, minute: string, second?: string) => {
      const seconds = second === undefined ? '' : `+\\frac{${second}}{3600}`
      return `(${whole}+\\frac{${minute}}{60}${seconds})^\\circ `
    })
    .replace(/(?<=[\d})]\s?)\^\s?\{?\s?o\s?\}?(?![A-Za-z])/g, '^\\circ ')
    .replace(new RegExp(`(${circle})([CFK])(?![A-Za-z])`, 'g'), '$1\\text{$2}')
    .replace(/(?<=\d\s?)degrees? (Celsius|centigrade|C|Fahrenheit|F)(?![A-Za-z])/gi, (_, scale: string) =>
      /^f/i.test(scale) ? '^\\circ \\text{F}' : '^\\circ \\text{C}',
    )

const money = (text: string): string =>
  text
    .replace(/\\(?:textdollar|mathdollar)(?![A-Za-z])\s?/g, '\\$')
    .replace(/\\cents?(?![A-Za-z])/g, '\\text{cents}')
    .replace(new RegExp(String.raw`^(-?)\s?(?:${wrapper})?(?:USD|US\s?\\?\$)\s?\}?\s?(?=[\d.\\])`), '$1\\$')
    .replace(currencyFirst, (_, sign: string, name: string, value: string) => {
      return `${sign}${value}\\text{ ${currencies[name.toLowerCase()]}}`
    })

/** `5 (cm)`, `5\ [\text{cm}]` */
const bracketed = new RegExp(
  String.raw`(?<=[\d})]\s?)\s{0,3}(?:${wrapper})?[([]\s?(?:${wrapper})?(${known})((?:\^\{?[23]\}?)?)\s?\}?\s?((?:\^\{?[23]\}?)?)\s?[)\]]\s?\}?$`,
)
const bracketedLetter = /^(?:m|g|s|h|l|L|in)$/

/** `3:30 p.m.` */
const daytime = new RegExp(String.raw`(?<=\d\s?)\s?(?:${wrapper})?([ap])\.?\s?m\.?\s?\}?$`, 'i')

const ordinal =
  /(?<=^\d{1,9}\s?)\s?(?:\^\s?\{?\s?)?(?:\\(?:text|mathrm|mbox|textsuperscript)\s?\{\s?)?(?:st|nd|rd|th)\s?\}?\s?\}?$/

const roughly = new RegExp(
  String.raw`^(?:${wrapper})?(?:exactly|approximately|approx\.?|about|roughly|around|only|just)\s*\}?\s*(?=[-\d.\\$(])`,
  'i',
)

export function withPlainMeasures(text: string): string {
  return money(degrees(siunitx(text)))
    .replace(roughly, '')
    .replace(daytime, (_, half: string) => `\\text{ ${half.toLowerCase()}m}`)
    .replace(ordinal, '')
    .replace(bracketed, (whole: string, unit: string, inner: string, outer: string) =>
      bracketedLetter.test(unit) && !whole.includes('\\') ? whole : `\\text{ ${unit}}${inner}${outer}`,
    )
    .replace(/(?<=[A-Za-z]{2} )an? (?=(?:second|minute|hour|day|week|month|year)\b)/g, 'per ')
    .replace(/\bsq(?:\.\s?|\s)(?=[A-Za-z])/g, 'square ')
    .replace(/\bcu(?:\.\s?|\s)(?=[A-Za-z])/g, 'cubic ')
    .replace(/(?<=\d\s)(mm|cm|dm|km|ft|yd|in|m)([23])$/, '\\text{$1}^$2')
    .replace(/(?<=\d\s)m\/s(\^\{?2\}?)?$/, '\\text{m/s}$1')
    .replace(/(?<=\d\s?)(?:in )?(?:\\text\s?\{\s?)?(?:in )?base\s?\}?\s?(\d{1,2}|[a-z]{3,8})\s?\}?$/, '_{$1}')
}
