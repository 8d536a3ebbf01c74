import { signal } from "@preact/signals";
import { asProblem, type Api } from "../api/client";
import type { InputEntry, ModelDescription, ModelEntry, Problem, Session } from "../api/types";
import { language } from "../i18n/language";

export const session = signal<Session | null>(null);
export const sessionProblem = signal<Problem | null>(null);

/** Descriptions by id, as far as they were asked for. */
const descriptions = signal<Record<string, ModelDescription>>({});
/** The language of each description's formulas; none for those that an answer brought. */
const languages = new Map<string, string>();

export async function openSession(api: Api): Promise<void> {
  try {
    session.value = await api.get<Session>("/session");
    sessionProblem.value = null;
  } catch (error) {
    sessionProblem.value = asProblem(error);
  }
}

/** The description of a model if it is here already. */
export function knownModel(id: string): ModelDescription | undefined {
  return descriptions.value[id];
}

/** Whether a model is here, with its formulas in the language of the page. */
export function knownInLanguage(id: string): boolean {
  return knownModel(id) !== undefined && languages.get(id) === language.value;
}

/** Asks for a model's description, in the language of the page. */
export async function loadModel(api: Api, id: string): Promise<void> {
  const lang = language.value;
  const description = await api.get<ModelDescription>(`/models/${id}`, { lang });
  languages.set(id, lang);
  addModel(description);
}

/** Takes in a model that an answer brought: pasted, uploaded, changed, or trained on. */
export function addModel(description: ModelDescription): void {
  descriptions.value = { ...descriptions.value, [description.id]: description };
  const current = session.value;
  if (!current) return;
  const { id, name, source, parameters, code, version } = description;
  const entry: ModelEntry = { id, name, source, parameters, code, version };
  const known = current.models.some((model) => model.id === id);
  const models = known
    ? current.models.map((model) => (model.id === id ? entry : model))
    : [...current.models, entry];
  session.value = { ...current, models };
}

/** Notes that a training changed a model's weights, so that every view asks for them anew. */
export function bumpVersion(id: string, version: number): void {
  const description = descriptions.value[id];
  if (description && description.version !== version) addModel({ ...description, version });
}

/** Takes in an input that an answer brought: a picture or a drawing. */
export function addInput(input: InputEntry): void {
  const current = session.value;
  if (!current || current.inputs.some((known) => known.id === input.id)) return;
  session.value = { ...current, inputs: [...current.inputs, input] };
}
