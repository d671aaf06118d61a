"""Two test nodes for a real ComfyUI: copy this folder into its custom_nodes/ to replay every recorded transcript.

ProbeText sends a progress text; ProbeExpand turns into ImageInvert plus PreviewImage while it runs.
"""

from comfy_execution.graph_utils import GraphBuilder
from server import PromptServer


class ProbeText:
    CATEGORY = "conformance"
    FUNCTION = "run"
    OUTPUT_NODE = True
    RETURN_TYPES = ("STRING",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"text": ("STRING", {"default": ""})}, "hidden": {"unique_id": "UNIQUE_ID"}}

    def run(self, text, unique_id=None):
        server = PromptServer.instance
        server.send_progress_text(text, unique_id, server.client_id)
        return {"ui": {"text": [text]}, "result": (text,)}


class ProbeExpand:
    CATEGORY = "conformance"
    FUNCTION = "run"
    RETURN_TYPES = ("IMAGE",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"image": ("IMAGE",)}}

    def run(self, image):
        graph = GraphBuilder()
        inverted = graph.node("ImageInvert", image=image)
        graph.node("PreviewImage", images=inverted.out(0))
        return {"result": (inverted.out(0),), "expand": graph.finalize()}


NODE_CLASS_MAPPINGS = {"ProbeText": ProbeText, "ProbeExpand": ProbeExpand}
