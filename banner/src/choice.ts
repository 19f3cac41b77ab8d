// What a visitor answered, and what follows from it. Pure: choices in, decisions out; no clock, no page.

import type { Configuration, Purpose, Service, Tracker } from './configuration';
import { bare } from './page';

export type Answers = { readonly [id: string]: boolean };
export type Action = 'accept_all' | 'refuse_all' | 'custom' | 'withdraw' | 'gpc' | 'expire' | 'import';

export interface Choice {
  readonly purposes: Answers; // a purpose that is not in here has not been answered
  readonly services: Answers;
  readonly version: number;
  readonly id: string;
  readonly time: string; // RFC 3339, when it was made: everything else counts from here
}

export const asked = (configuration: Configuration): Purpose[] => configuration.purposes.filter((one) => !one.exempt);

export function purposeGranted(configuration: Configuration, choice: Choice | null, id: string | null): boolean {
  const purpose = configuration.purposes.find((one) => one.id === id);
  return !!purpose && (purpose.exempt || choice?.purposes[purpose.id] === true);
}

/** May this service's URLs be requested? Unclassified (purpose null) is no, whatever was answered. */
export function serviceGranted(configuration: Configuration, choice: Choice | null, service: Service): boolean {
  if (service.exempt) return true;
  if (service.purpose === null) return false;
  return choice?.services[service.id] ?? purposeGranted(configuration, choice, service.purpose);
}

/** May this tracker be read and written? Its own purpose counts, not its service's. */
export function trackerGranted(configuration: Configuration, choice: Choice | null, service: Service, { purpose, exemption }: Tracker): boolean {
  const granted = purposeGranted(configuration, choice, purpose);
  const answer = choice?.services[service.id];
  // Exempt audience measurement may run before the choice, and stops at an explicit no (AUD-09).
  if (exemption) return granted || (answer ?? choice?.purposes[purpose!] !== false);
  return purpose !== null && purpose === service.purpose && answer !== undefined
    ? answer || purposeGranted(configuration, null, purpose) // whatever was answered, where the purpose is exempt
    : granted;
}

/** Forget the answers to purposes that mean something else since they were given (UI-14). */
export function stillAnswered(configuration: Configuration, choice: Choice): Choice {
  const purposes = bare<boolean>();
  const services = bare<boolean>();
  for (const { id, since } of asked(configuration)) {
    if (since > choice.version) continue;
    copy(choice.purposes, id, purposes);
    for (const one of configuration.services) if (one.purpose === id) copy(choice.services, one.id, services);
  }
  return { ...choice, purposes, services };
}

const copy = (from: Answers, id: string, to: { [id: string]: boolean }): void => {
  if (typeof from[id] === 'boolean') to[id] = from[id]!;
};

export const isComplete = (configuration: Configuration, choice: Choice | null): boolean =>
  asked(configuration).every((one) => choice?.purposes[one.id] !== undefined);

/** One yes or no for every purpose that is asked; what was not answered is no. */
export function decisionsOf(configuration: Configuration, choice: Choice | null): { [purpose: string]: boolean } {
  const decisions = bare<boolean>();
  for (const { id } of asked(configuration)) decisions[id] = choice?.purposes[id] === true;
  return decisions;
}

export const grantsAnything = (choice: Pick<Choice, 'purposes' | 'services'> | null): boolean =>
  !!choice && [choice.purposes, choice.services].some((answers) => Object.values(answers).includes(true));

/** Has anything that was granted been taken back? Then what already runs must stop. */
export function takesBack(configuration: Configuration, before: Choice | null, after: Choice | null): boolean {
  return (
    asked(configuration).some(({ id }) => before?.purposes[id] && !after?.purposes[id]) ||
    configuration.services.some((one) => serviceGranted(configuration, before, one) && !serviceGranted(configuration, after, one))
  );
}

/** The answers after some are changed. Answering a purpose takes the place of what was answered for its services. */
export function change(configuration: Configuration, before: Choice | null, answers: Answers): Pick<Choice, 'purposes' | 'services'> {
  const purposes = bare<boolean>(before?.purposes);
  const services = bare<boolean>(before?.services);
  const given = bare<boolean>(answers);
  for (const { id } of asked(configuration)) copy(given, id, purposes);
  for (const { id, purpose } of configuration.services) {
    if (purpose! in given) delete services[id];
    if (purposes[id] === undefined) copy(given, id, services);
  }
  return { purposes, services };
}
