import { test } from "node:test";
import { explorer } from "./support/explorer.mjs";
import { trained } from "./support/program.mjs";

const { open } = explorer(trained);

async function start(page, epochs) {
  await page.getByLabel("Data").selectOption("photos");
  await page.getByLabel("Epochs").fill(String(epochs));
  await page.getByRole("button", { name: "Train", exact: true }).click();
}

test("a training of one epoch shows its curves, what is taken for what, and the worst mistakes", async () => {
  const page = await open("train");
  await start(page, 1);
  await page.getByText("Trained", { exact: true }).waitFor({ timeout: 60_000 });
  for (const title of [
    "loss",
    "accuracy",
    "Learning rate",
    "Weights and gradients",
    "What is taken for what",
    "Worst mistakes",
  ])
    await page.getByRole("heading", { name: title, exact: true }).waitFor();
});

test("a mistake leads to its feature maps", async () => {
  const page = await open("train");
  await start(page, 1);
  await page.getByText("Trained", { exact: true }).waitFor({ timeout: 60_000 });
  await page
    .getByRole("button", { name: /^Taken for .* Show its feature maps\.$/ })
    .first()
    .click();
  await page
    .getByRole("region", { name: "What the network says" })
    .getByText(/^In truth: /)
    .waitFor();
});

test("a training can be stopped, and goes on", async () => {
  const page = await open("train");
  await start(page, 60);
  await page.getByRole("progressbar").waitFor();
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await page.getByText("Stopped", { exact: true }).waitFor({ timeout: 30_000 });
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByText("Training", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await page.getByText("Stopped", { exact: true }).waitFor({ timeout: 30_000 });
});
