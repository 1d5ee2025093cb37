import raw from '../generated/explorer.json';

export interface Constraints {
  min?: number;
  max?: number;
  min_len?: number;
  max_len?: number;
  min_items?: number;
  max_items?: number;
  item_min_len?: number;
  item_max_len?: number;
  enum?: (string | number)[];
  item_enum?: (string | number)[];
  open_enum?: boolean;
  default?: unknown;
  unit?: string;
}

export interface FieldModel {
  name: string;
  type: 'String' | 'Integer' | 'Float' | 'Boolean' | 'Object';
  object?: string;
  list?: boolean;
  required?: boolean;
  obsolete?: boolean;
  constraints?: Constraints;
  example?: string;
  desc: string;
}

export interface ActionModel {
  area: string;
  nameZh: string;
  summary: string;
  extension: boolean;
  requireOneOf?: string[][];
  input: FieldModel[];
  errors: string[];
}

export interface Model {
  version: string;
  actions: Record<string, ActionModel>;
  objects: Record<string, FieldModel[]>;
}

export const model = raw as unknown as Model;
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type Values = { [key: string]: Json };
