import type { RouteMetadata } from "../access.ts";
import { c } from "../contract.ts";
import { readErrors, writeErrors } from "../product/responses.ts";
import {
  authTokens,
  logoutBody,
  me,
  passwordChange,
  refreshTokenBody,
  userCredentials,
  userRegister,
} from "./auth-schemas.ts";

const tag = "Platform: auth";
const open: RouteMetadata = { access: "public", bucket: "auth", tag };
const proven: RouteMetadata = { access: "signed", bucket: "requests", tag };

/** Logging in and staying so. */
export const v1AuthRoutes = c.router({
  register: {
    method: "POST",
    path: "/api/v1/auth/register",
    summary: "Register, and be logged in",
    description:
      "Where the operator opened it (`REGISTRATION=open`); elsewhere 403 `registration_closed`, and operators create users. 409 `email_taken` for an address that is known.",
    body: userRegister,
    responses: { 201: authTokens, ...writeErrors },
    metadata: open,
  },
  login: {
    method: "POST",
    path: "/api/v1/auth/login",
    summary: "Log in",
    description:
      "401 `invalid_credentials` for a wrong password and for somebody who does not exist: nobody learns which. Each address and each account has so many tries a minute.",
    body: userCredentials,
    responses: { 200: authTokens, ...writeErrors },
    metadata: open,
  },
  refresh: {
    method: "POST",
    path: "/api/v1/auth/refresh",
    summary: "Exchange a refresh token for the next pair of tokens",
    description:
      "Each refresh token is good once, for 30 days. Coming with one that was used before ends the session for everybody who holds a token of it (401 `token_reused`), also within the same second: of several tabs one has to refresh for all.",
    body: refreshTokenBody,
    responses: { 200: authTokens, ...writeErrors },
    metadata: open,
  },
  logout: {
    method: "POST",
    path: "/api/v1/auth/logout",
    summary: "End the session of a refresh token",
    description: "At once, for the access tokens too. The answer is the same for a token that is none.",
    body: logoutBody,
    responses: { 204: c.noBody(), ...writeErrors },
    metadata: open,
  },
  password: {
    method: "POST",
    path: "/api/v1/auth/password",
    summary: "Change one's password",
    description: "For users with a session. Ends all of their sessions, this one included, and gives a new one.",
    body: passwordChange,
    responses: { 200: authTokens, ...writeErrors },
    metadata: proven,
  },
  me: {
    method: "GET",
    path: "/api/v1/auth/me",
    summary: "Who am I, and what may I do",
    responses: { 200: me, ...readErrors },
    metadata: proven,
  },
});
