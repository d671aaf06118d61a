import { inGroup } from "../attack.ts";
import { PIXEL } from "../target/multipart.ts";
import { readJson } from "../target/send.ts";
import type { Target } from "../target/target.ts";
import { judge, type Try } from "../verdict.ts";

const SHELF = "apps/server/src/adapters/database/asset-shelf.ts";

/** Every way to a file but its removal goes past here. */
const ownFile = {
  file: SHELF,
  find: "where a.id = ${id}::uuid and a.owner_id = ${toText(ownerId)} and a.expired_at is null",
  replace: "where a.id = ${id}::uuid",
};

async function uploadOf({ upload }: Target["victim"]): Promise<string> {
  const { id } = readJson(await upload(PIXEL));
  if (typeof id !== "string") throw new Error("Nothing was uploaded.");
  return id;
}

const onFile =
  (ask: (path: string, thief: Target["thief"]) => Promise<readonly Try[]>) =>
  async ({ victim, thief }: Target) =>
    judge(await ask(`/api/v1/assets/${await uploadOf(victim)}`, thief), [404]);

export const stolenFileAttacks = inGroup("ownership", [
  {
    name: "somebody else's file is read",
    attack: onFile(async (path, { call }) => [
      ["file", await call("GET", path)],
      ["content", await call("GET", `${path}/content`)],
    ]),
    defence: ownFile,
  },
  {
    name: "a link to somebody else's file is signed",
    attack: onFile(async (path, { call }) => [["sign", await call("POST", `${path}/sign`, {})]]),
    defence: ownFile,
  },
  {
    name: "somebody else's file is deleted",
    attack: onFile(async (path, { call }) => [["DELETE", await call("DELETE", path)]]),
    defence: {
      file: SHELF,
      find: "where a.id = ${id}::uuid and a.owner_id = ${toText(ownerId)} for update",
      replace: "where a.id = ${id}::uuid for update",
    },
  },
  {
    name: "somebody else's upload is read, completed and deleted",
    async attack({ victim, thief }) {
      const { id } = readJson(await victim.call("POST", "/api/v1/uploads", { name: "film.mp4", sizeBytes: 9_000_000 }));
      const path = `/api/v1/uploads/${id}`;
      return judge(
        [
          ["read", await thief.call("GET", path)],
          ["complete", await thief.call("POST", `${path}/complete`)],
          ["delete", await thief.call("DELETE", path)],
        ],
        [404],
      );
    },
    defence: {
      file: "apps/server/src/assets/open-upload.ts",
      find: "if (upload?.ownerId === ownerId) return upload;",
      replace: "if (upload) return upload;",
    },
  },
]);
