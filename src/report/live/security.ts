/**
 * Who may read: whoever has the token of this start, from this machine's own addresses. The first request brings the token
 * in the URL and gets a cookie for it. `Host` is checked against DNS rebinding, `Origin` against other pages, and every
 * answer carries a policy that loads nothing from elsewhere.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'

export const newToken = (): string => randomBytes(24).toString('base64url')

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  // uPlot sets sizes through the style attribute of its own elements.
  "style-src 'self'",
  "style-src-attr 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

export interface Access {
  token: string
  /** Names, with the port, that this server is reached by. */
  hosts: () => readonly string[]
}

const cookieName = 'isentrope_watch'

export function guard({ token, hosts }: Access): MiddlewareHandler {
  const expected = Buffer.from(token)
  const fits = (given: string | undefined): boolean => {
    const bytes = Buffer.from(given ?? '')
    return bytes.length === expected.length && timingSafeEqual(bytes, expected)
  }
  return async (c, next) => {
    c.header('Content-Security-Policy', policy)
    c.header('X-Content-Type-Options', 'nosniff')
    c.header('Referrer-Policy', 'no-referrer')
    c.header('Cross-Origin-Resource-Policy', 'same-origin')
    c.header('Cache-Control', 'no-store')
    const host = c.req.header('host') ?? ''
    if (!hosts().includes(host)) return c.text('This name is not one of this server.\n', 421)
    const origin = c.req.header('origin')
    if (origin !== undefined && origin !== `http://${host}`)
      return c.text('Requests of other pages are refused.\n', 403)
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD') return c.text('This server is read-only.\n', 405)
    const given = c.req.query('token')
    if (given !== undefined) {
      if (!fits(given)) return c.text('The token is not that of this server; use the URL that it printed.\n', 403)
      setCookie(c, cookieName, token, { httpOnly: true, sameSite: 'Strict', path: '/' })
      // The token leaves the address bar, and with it the history and what is copied from there.
      const url = new URL(c.req.url)
      url.searchParams.delete('token')
      return c.redirect(`${url.pathname}${url.search}`, 302)
    }
    if (!fits(getCookie(c, cookieName))) {
      return c.text('Open the URL that `isentrope watch` printed: it has the token.\n', 403)
    }
    await next()
  }
}
