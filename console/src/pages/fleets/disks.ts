import type { DiskInfo } from '../../api/types';

/** What a disk may have, in GB [API:DiskInfo]. */
interface DiskRule {
  min: number;
  minSsd: number;
  max: number;
  step: number;
}

export const kSystemDisk: DiskRule = { min: 50, minSsd: 100, max: 500, step: 1 };
export const kDataDisk: DiskRule = { min: 10, minSsd: 100, max: 32_000, step: 10 };
export const kDiskTypes = ['CLOUD_PREMIUM', 'CLOUD_SSD'] as const;
export const kMostDataDisks = 20;

export function smallest(type: string, rule: DiskRule): number {
  return type === 'CLOUD_SSD' ? rule.minSsd : rule.min;
}

/** Whether the server takes a disk of this size. */
export function diskFits({ DiskType, DiskSize }: DiskInfo, rule: DiskRule): boolean {
  return Number.isInteger(DiskSize) && DiskSize >= smallest(DiskType, rule) && DiskSize <= rule.max && DiskSize % rule.step === 0;
}
