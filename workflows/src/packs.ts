interface NodePack {
  readonly classes: readonly string[];
  readonly install: string;
}

const packs: readonly NodePack[] = [
  {
    classes: ["UnetLoaderGGUF", "DualCLIPLoaderGGUF"],
    install:
      "Install the custom nodes ComfyUI-GGUF (github.com/city96/ComfyUI-GGUF) into custom_nodes and restart ComfyUI.",
  },
  {
    classes: ["F5TTSAudioInputs"],
    install:
      "Install the custom nodes ComfyUI-F5-TTS (github.com/niknah/ComfyUI-F5-TTS, with its git submodule) into custom_nodes and restart ComfyUI.",
  },
  {
    classes: ["SONICTLoader", "SONIC_PreData", "SONICSampler"],
    install:
      "Install the custom nodes ComfyUI_Sonic (github.com/smthemex/ComfyUI_Sonic) into custom_nodes and restart ComfyUI.",
  },
];

/** Where a node class comes from, as a sentence. */
export function installNode(name: string): string {
  const pack = packs.find(({ classes }) => classes.includes(name));
  return pack?.install ?? `${name} is part of ComfyUI itself: update ComfyUI to 0.3.64 or newer and restart it.`;
}
