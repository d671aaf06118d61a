import { type NodeClass, NodeError } from "../node.ts";
import type { PythonJson } from "../python/values.ts";
import { type ListFiles, withFileLists } from "./file-lists.ts";
import { type NodeInfo, parseNodeInfo, readObjectInfo } from "./object-info.ts";

/** A class of one's own: its behaviour and its `/object_info` entry. */
export interface ExtraNode {
  readonly nodeClass: NodeClass;
  readonly info: PythonJson;
}

/** The node classes that this server knows: what they declare and what they do. */
export interface Catalogue {
  classTypes(): readonly string[];
  /** The description with file lists as of now; undefined for an unknown class. */
  info(classType: string): NodeInfo | undefined;
  /** What runs; classes that are only described refuse with a sentence. */
  nodeClass(classType: string): NodeClass;
}

export interface CatalogueParts {
  readonly nodeClasses: readonly NodeClass[];
  readonly extraNodes: readonly ExtraNode[];
  readonly listFiles: ListFiles;
}

export function createCatalogue(parts: CatalogueParts): Catalogue {
  const infos = new Map(readObjectInfo());
  const classes = new Map(parts.nodeClasses.map((nodeClass) => [nodeClass.classType, nodeClass]));
  for (const { nodeClass, info } of parts.extraNodes) {
    infos.set(nodeClass.classType, parseNodeInfo(nodeClass.classType, info));
    classes.set(nodeClass.classType, nodeClass);
  }
  return {
    classTypes: () => [...infos.keys()],
    info: (classType) => {
      const recorded = infos.get(classType);
      return recorded === undefined ? undefined : withFileLists(recorded, parts.listFiles);
    },
    nodeClass: (classType) => classes.get(classType) ?? refuse(classType),
  };
}

function refuse(classType: string): NodeClass {
  return {
    classType,
    run: () => {
      throw new NodeError("NotImplementedError", `the emulator does not simulate ${classType}`);
    },
  };
}
