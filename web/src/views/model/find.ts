import type { ModelDescription, ModelNode } from "../../api/types";

/** Layers whose path or type holds every word. */
export function findLayers(model: ModelDescription, text: string): ModelNode[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  return model.nodes.filter((node) => {
    const name = `${node.layer} ${node.type}`.toLowerCase();
    return words.every((word) => name.includes(word));
  });
}
