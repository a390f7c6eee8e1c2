/* Pure, and so for the book too, which enters no other house. */
export { definite } from '../rpc/index.ts';
