// Piano Analytics: its consent module is switched on before it loads, closed until somebody has decided.

import type { Signal } from './index';

const piano: Signal = ({ settings, states, push }) => (decided) => {
  if (decided) return push('_paq', [['consent.setMode', states('opt-in', settings.refused).consent]]);
  const layer = ((window as any).pdl ||= {});
  layer.requireConsent ||= true;
  layer.consent ||= { defaultPreset: { PA: settings.refused } };
};
export default piano;
