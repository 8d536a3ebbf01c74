import type { ViewProps } from "../../app/view";

export default function View({ model }: ViewProps) {
  return <p>{model.name}</p>;
}
