/** The pumps of a simulated rack and what each says of itself: one runs, one gives insulin, one stands still. */

import { physiologyAt } from './physiology.ts'
import type { Due } from './timeline.ts'

export interface SimulatedPump {
  readonly address: string
  entries(due: Due): readonly (readonly [parameter: string, value: string])[]
}

const NO_VALUE = '_NV'
const IU_PER_H = '63'
const IU_PER_ML = 1
/** Once in ten minutes the line of the insulin pump is shut for one. */
const OCCLUSION_PERIOD_S = 600
const OCCLUSION_FROM_S = 300
const OCCLUSION_TO_S = 360

export function createPumps(serial: string): readonly SimulatedPump[] {
  return [
    {
      address: '50111',
      entries({ elapsedS }) {
        const { infusionMlH, infusedMl, toInfuseMl } = physiologyAt(elapsedS, 0)
        const isRunning = infusionMlH > 0
        return [
          ...identity('688L030007', `${serial}1`),
          ['INRT', infusionMlH.toFixed(1)],
          ['INVTB', '50.0'],
          ['VOLREMAIN', toInfuseMl.toFixed(1)],
          ['INVI', infusedMl.toFixed(1)],
          ['INRMT', isRunning ? String(Math.round((toInfuseMl / infusionMlH) * 3600)) : '0'],
          ['INSOL', 'Noradrenalin 5mg/50'],
          ['INP2', '12'],
          ...state(isRunning, isRunning ? 0 : 7),
        ]
      },
    },
    {
      address: '50112',
      entries({ row, elapsedS }) {
        const basal = row?.basalIUh
        const phaseS = elapsedS % OCCLUSION_PERIOD_S
        const isShut = phaseS >= OCCLUSION_FROM_S && phaseS < OCCLUSION_TO_S
        return [
          ...identity('688L030008', `${serial}2`),
          ['INRT', basal === undefined ? NO_VALUE : (basal / IU_PER_ML).toFixed(2)],
          ['INSOL', 'Insulin 50IE/50ml'],
          ['INDORT', basal === undefined ? NO_VALUE : basal.toFixed(2)],
          ['INDORTU', IU_PER_H],
          ['INP2', isShut ? '100' : '20'],
          ...state(basal !== undefined && basal > 0 && !isShut, isShut ? 3 : 0),
        ]
      },
    },
    {
      address: '50121',
      entries: () => [
        ...identity('686L010003', `${serial}3`),
        ['INRT', '0'],
        ['INSOL', NO_VALUE],
        ['INVI', '0'],
        ...state(false, 0),
      ],
    },
  ]
}

function identity(model: string, serial: string): readonly (readonly [string, string])[] {
  return [
    ['GNMODEL', model],
    ['INSERNUM', serial],
    ['DSSTATUS', '00051'],
  ]
}

/** `alarm` is the number of the INA that is set; 0 for none. */
function state(isPumping: boolean, alarm: number): readonly (readonly [string, string])[] {
  return [
    ['INM1', '1'],
    ['INM3', isPumping ? '1' : '0'],
    ['RUNSTATE', String((isPumping ? 2 : 1) + (alarm > 0 ? 4 : 0))],
    ['INA3', alarm === 3 ? '1' : '0'],
    ['INA7', alarm === 7 ? '1' : '0'],
  ]
}
