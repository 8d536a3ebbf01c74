import { formatCompact, formatCount, formatShape } from "../../i18n/format";
import { useText } from "../../i18n/text";
import type { Item } from "./items";

interface GroupDetailsProps {
  item: Item;
  onOpen(): void;
  onSelect(layer: string): void;
}

/** What a folded group holds. */
export function GroupDetails({ item, onOpen, onSelect }: GroupDetailsProps) {
  const { t } = useText();
  return (
    <section class="details" aria-label={item.name}>
      <header>
        <h2>{item.name}</h2>
        <p class="muted">{t("layers-inside", { count: item.nodes.length })}</p>
      </header>
      <div class="row">
        <button type="button" class="button primary" onClick={onOpen}>
          {t("open-group")}
        </button>
      </div>
      <dl class="facts number">
        <div>
          <dt>{t("fact-output")}</dt>
          <dd>{formatShape(item.output)}</dd>
        </div>
        <div>
          <dt>{t("fact-parameters")}</dt>
          <dd>
            <b>{formatCount(item.parameters)}</b>
          </dd>
        </div>
        {item.macs !== null && (
          <div>
            <dt>{t("fact-macs")}</dt>
            <dd>{formatCompact(item.macs)}</dd>
          </div>
        )}
      </dl>
      <ul class="group-layers">
        {item.nodes.map((node) => (
          <li key={node.index}>
            <button type="button" class="button quiet" onClick={() => onSelect(node.layer)}>
              {node.name}
              <span class="muted">{node.type}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
