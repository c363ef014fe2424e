/** Whether a text is an address on the web: http or https, and a host. */
export const isWebAddress = (text: string): boolean => /^https?:\/\/[^/]/i.test(text) && URL.canParse(text)

/** Whether two addresses are of one server: scheme, host, and port. What one may see, the other may see too. */
export const sameOrigin = (a: string, b: string): boolean =>
  isWebAddress(a) && isWebAddress(b) && new URL(a).origin === new URL(b).origin
