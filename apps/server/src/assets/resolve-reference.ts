import { AppError } from "../errors.ts";
import { isId } from "../ids.ts";
import type { Asset } from "./asset.ts";
import type { AssetRecords } from "./asset-records.ts";
import type { LinkRequest, LinkSigner } from "./link-signer.ts";
import { familyWords, isInFamily, type MediaFamily } from "./media-type.ts";
import type { RemoteFiles } from "./remote-file.ts";

/** What a caller wrote into a media field. */
export interface Reference {
  readonly ownerId: string;
  readonly text: string;
  /** Name of the field, for sentences. */
  readonly field: string;
  readonly accepts: MediaFamily;
}

export type ResolvedReference =
  | { readonly type: "asset"; readonly asset: Asset }
  /** Somewhere else on the internet; to be fetched once, behind the guard. */
  | { readonly type: "url"; readonly url: string };

/**
 * Finds what a media field means: an asset id, the virtual path of an output, a link of our own (never fetched) or an https URL.
 * No text ever reaches a file system.
 * @throws AppError `invalid_input` with what is accepted, `asset_not_found` for unknown assets and those of others
 */
export type ResolveReference = (reference: Reference) => Promise<ResolvedReference>;

export interface ResolveReferenceDeps {
  readonly records: Pick<AssetRecords, "find">;
  readonly links: Pick<LinkSigner, "verify">;
  readonly files: Pick<RemoteFiles, "assertAllowed">;
  /** Every address that callers reach this service at, without a slash at the end; read at each call. */
  readonly publicUrls: () => readonly string[];
}

const OUTPUT_PATH = /^\/outputs\/([^/\\]+)\/([^/\\]+)$/;

function invalid(field: string, message: string): AppError {
  return new AppError("invalid_input", `${field}: ${message}`, { details: [{ path: field, message }] });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function parseOutputPath(path: string): { assetId: string; name: string } | undefined {
  const [, assetId = "", name = ""] = OUTPUT_PATH.exec(path) ?? [];
  return isId(assetId) ? { assetId, name } : undefined;
}

function parseUrl(text: string): URL | undefined {
  return /^https?:/i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
}

/** The path below one of our public addresses; undefined for the rest of the internet. */
function toOwnPath(url: URL, publicUrls: readonly string[]): string | undefined {
  for (const text of publicUrls) {
    const base = new URL(text);
    if (base.origin !== url.origin) continue;
    const prefix = base.pathname.replace(/\/$/, "");
    return url.pathname.startsWith(`${prefix}/`) ? url.pathname.slice(prefix.length) : url.pathname;
  }
  return undefined;
}

const toLink = (path: { assetId: string; name: string }, { searchParams }: URL): LinkRequest => ({
  ...path,
  expires: searchParams.get("expires") ?? undefined,
  keyId: searchParams.get("key") ?? undefined,
  disposition: searchParams.get("disposition") ?? undefined,
  sig: searchParams.get("sig") ?? undefined,
});

export function createResolveReference(deps: ResolveReferenceDeps): ResolveReference {
  const { records, links, files, publicUrls } = deps;

  /** Whoever holds a good link may use what it opens. */
  async function isOpenedBy(link: LinkRequest | undefined): Promise<boolean> {
    if (!link?.sig) return false;
    return links.verify(link).then(
      () => true,
      () => false,
    );
  }

  async function findAsset(reference: Reference, assetId: string, name?: string, link?: LinkRequest): Promise<Asset> {
    const found = await records.find(assetId);
    const isNamed = name === undefined || name === found?.name || decode(name) === found?.name;
    // One sentence for unknown assets and those of others: it must not tell which ids exist.
    if (!found || !isNamed || (found.ownerId !== reference.ownerId && !(await isOpenedBy(link)))) {
      throw new AppError("asset_not_found", `${reference.field}: no such file belongs to this key.`);
    }
    const { location: _, ...asset } = found;
    if (isInFamily(asset.type, reference.accepts)) return asset;
    const what = familyWords[reference.accepts];
    throw invalid(reference.field, `expected ${what}, but ${asset.name} is ${asset.type}`);
  }

  async function resolveUrl(reference: Reference, url: URL): Promise<ResolvedReference> {
    const ownPath = toOwnPath(url, publicUrls());
    if (ownPath === undefined) {
      files.assertAllowed(url.href, reference.field);
      return { type: "url", url: url.href };
    }
    const path = parseOutputPath(ownPath);
    if (!path)
      throw invalid(reference.field, "this address of the service is no output; expected /outputs/<asset>/<name>");
    return { type: "asset", asset: await findAsset(reference, path.assetId, path.name, toLink(path, url)) };
  }

  return async function resolveReference(reference) {
    const text = reference.text.trim();
    if (isId(text)) return { type: "asset", asset: await findAsset(reference, text) };
    const path = parseOutputPath(text);
    if (path) return { type: "asset", asset: await findAsset(reference, path.assetId, path.name) };
    const url = parseUrl(text);
    if (url) return resolveUrl(reference, url);
    throw invalid(
      reference.field,
      "expected an https URL, the id of an upload or asset, or the localPath of an earlier result (/outputs/<asset>/<name>)",
    );
  };
}
