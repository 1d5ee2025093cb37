import type { RuntimeConfiguration } from '../../api/types';
import type { Text } from '../../i18n';

const kMostProcesses = 50;
const kMostActivations = 20_000;

/** What is wrong with a runtime configuration, or null. */
export function runtimeProblem(value: RuntimeConfiguration, text: Text): string | null {
  const rows = value.ServerProcesses ?? [];
  if (rows.length === 0 || rows.some((row) => !row.LaunchPath)) return text.process.needsPath;
  if (rows.some((row) => !/^(\/local\/game\/.|C:\\game\\.)/i.test(row.LaunchPath ?? ''))) return text.process.pathPrefix;
  if (rows.some((row) => !row.ConcurrentExecutions || row.ConcurrentExecutions < 1)) return text.process.countRange;
  const total = rows.reduce((sum, row) => sum + (row.ConcurrentExecutions ?? 0), 0);
  if (total > kMostProcesses) return text.process.countRange;
  const timeout = value.GameServerSessionActivationTimeoutSeconds;
  if (timeout !== undefined && (timeout < 1 || timeout > 600)) return text.process.timeoutRange;
  const atOnce = value.MaxConcurrentGameServerSessionActivations;
  if (atOnce && (atOnce < 1 || atOnce > kMostActivations)) return text.process.activationsRange;
  return null;
}
