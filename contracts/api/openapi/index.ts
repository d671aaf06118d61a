export { createOpenApiDocument, type OpenApiOptions } from "./document.ts";
export { type ListedRoute, listRoutes, metadataOf } from "./routes.ts";
