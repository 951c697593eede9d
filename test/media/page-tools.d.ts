/** Whether pages can be recorded here; under CI it is an error when they cannot. */
export declare function hasPageTools(): boolean;
//# sourceMappingURL=page-tools.d.ts.map
