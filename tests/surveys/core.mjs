// Answers surveys as a respondent does, with the library that runs in the respondent's browser.
// A line {definition, sets} comes in, a line [{answers, faults}] goes out: one for each set of answers.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";

const { Model } = createRequire(import.meta.url)("survey-core");

function respond(definition, answers) {
  const survey = new Model(definition);
  const shown = (question) => question.isVisible && question.page.isVisible;
  for (const question of survey.getAllQuestions()) {
    if (shown(question) && question.name in answers) question.value = answers[question.name];
  }
  const faults = survey.getAllQuestions().filter((question) => shown(question) && !question.validate(false));
  return { answers: survey.data, faults: faults.map((question) => question.name) };
}

for await (const line of createInterface({ input: process.stdin })) {
  const { definition, sets } = JSON.parse(line);
  process.stdout.write(JSON.stringify(sets.map((answers) => respond(definition, answers))) + "\n");
}
