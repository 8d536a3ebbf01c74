import type { AttributionMethod } from "../../api/types";

/** A way to ask which parts of a picture speak for a class. */
export interface Method {
  method: AttributionMethod;
  name: string;
  /** Message ids: what it does, in one sentence. */
  means: string;
  /** Where it was published. */
  source: { text: string; address: string };
  /** Whether it looks at the maps of one convolution. */
  layer: boolean;
}

export const METHODS: readonly Method[] = [
  {
    method: "grad_cam",
    name: "Grad-CAM",
    means: "why-grad-cam",
    source: { text: "Selvaraju et al. 2017", address: "https://arxiv.org/abs/1610.02391" },
    layer: true,
  },
  {
    method: "grad_cam_plus_plus",
    name: "Grad-CAM++",
    means: "why-grad-cam-plus-plus",
    source: { text: "Chattopadhyay et al. 2018", address: "https://arxiv.org/abs/1710.11063" },
    layer: true,
  },
  {
    method: "saliency",
    name: "Saliency",
    means: "why-saliency",
    source: { text: "Simonyan et al. 2013", address: "https://arxiv.org/abs/1312.6034" },
    layer: false,
  },
  {
    method: "smooth_grad",
    name: "SmoothGrad",
    means: "why-smooth-grad",
    source: { text: "Smilkov et al. 2017", address: "https://arxiv.org/abs/1706.03825" },
    layer: false,
  },
  {
    method: "integrated_gradients",
    name: "Integrated gradients",
    means: "why-integrated-gradients",
    source: { text: "Sundararajan et al. 2017", address: "https://arxiv.org/abs/1703.01365" },
    layer: false,
  },
  {
    method: "occlusion",
    name: "Occlusion",
    means: "why-occlusion",
    source: { text: "Zeiler, Fergus 2013", address: "https://arxiv.org/abs/1311.2901" },
    layer: false,
  },
];

/** Reads `methods=grad_cam,occlusion` from the address; the quick ones if it says nothing. */
export function readMethods(text: string | undefined): Method[] {
  const names = (text ?? "grad_cam,saliency,occlusion").split(",");
  return METHODS.filter(({ method }) => names.includes(method));
}

/** The methods with one put in or taken out, in their own order. */
export function toggled(methods: readonly Method[], method: AttributionMethod): string {
  const on = new Set(methods.map((known) => known.method));
  if (!on.delete(method)) on.add(method);
  return METHODS.flatMap((known) => (on.has(known.method) ? [known.method] : [])).join(",");
}
