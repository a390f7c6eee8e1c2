import type { types } from '@slack/bolt';

/*
 * What Slack draws, by Slack's own names. The types come through Bolt, so that they are those of its release.
 */

export type ActionsBlock = types.ActionsBlock;
export type Button = types.Button;
export type ContextBlock = types.ContextBlock;
export type HeaderBlock = types.HeaderBlock;
export type HomeView = types.HomeView;
export type InputBlock = types.InputBlock;
export type KnownBlock = types.KnownBlock;
export type ModalView = types.ModalView;
export type MrkdwnElement = types.MrkdwnElement;
export type PlainTextElement = types.PlainTextElement;
export type PlainTextOption = types.PlainTextOption;
export type SectionBlock = types.SectionBlock;
