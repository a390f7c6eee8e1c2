/** A module that forgot its endpoints. */
export const something = 1;
